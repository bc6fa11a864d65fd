"""Files that are generated: find the stale ones, list or write them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

Stale = dict[Path, str | None]


def stale(wanted: Mapping[Path, str], existing: Iterable[Path]) -> Stale:
    """Return the stale files with their new text, or with `None` for a file that should not exist."""
    return {
        **{path: text for path, text in wanted.items() if _text(path) != text},
        **{path: None for path in existing if path not in wanted},
    }


def write(files: Stale) -> None:
    """Write or remove the files."""
    for path, text in files.items():
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def run(
    target: str,
    description: str | None,
    folder: Path,
    find: Callable[[Path], Stale],
    arguments: Sequence[str] | None,
) -> int:
    """Write the stale files of a folder, or with --check list them and return 1 if there are any."""
    parser = argparse.ArgumentParser(prog=f"make {target}", description=description)
    parser.add_argument("--check", action="store_true", help="only list the stale files")
    check = parser.parse_args(arguments).check
    files = find(folder)
    for path, text in sorted(files.items()):
        done = "removed" if text is None else "written"
        print(f"{target}: {path.relative_to(folder)} {f'is stale: run make {target}' if check else done}")
    if not check:
        write(files)
    return 1 if check and files else 0


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
