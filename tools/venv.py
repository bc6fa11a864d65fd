"""Create the project's virtual environment, or bring it up to date: `python3 tools/venv.py FOLDER EXTRA...`.

Only the standard library is used, as this runs before anything is installed. What was installed is noted
in the environment itself, so that a second call does nothing until setup.py or the interpreter change.

Python 3.10 to 3.14 will do. If the one that runs this script is not among them, another one on the machine is
looked for, and at last uv is asked to provide one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
STAMP = "installed.json"
OLDEST, NEWEST = (3, 10), (3, 14)
UV = "uv>=0.8"


class SetupError(Exception):
    """Something that the user has to put right; the message says what."""


def say(message: str) -> None:
    print(message, flush=True)


def run(command: list[str], environment: dict[str, str] | None = None) -> tuple[bool, str]:
    """Run a command quietly; whether it worked, and all it printed."""
    try:
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        return False, str(error)
    return done.returncode == 0, done.stdout


def last_lines(output: str, count: int = 8) -> str:
    """The end of a command's output without pip's warnings, which seldom say what went wrong."""
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith("WARNING")]
    return "\n".join("  " + line for line in lines[-count:])


def python_of(environment: Path) -> Path:
    folder = "Scripts" if os.name == "nt" else "bin"
    return environment / folder / ("python.exe" if os.name == "nt" else "python")


def version_of(python: str) -> tuple[int, int] | None:
    """Version of an interpreter that starts and can make virtual environments, else None."""
    code = "import sys, venv, ensurepip; print('%d %d' % sys.version_info[:2])"
    works, output = run([python, "-c", code])
    if not works:
        return None
    major, minor = output.split()[-2:]
    return int(major), int(minor)


def find_python() -> str | None:
    """An interpreter of a suitable version: this one if it will do, else the newest on the PATH."""
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    candidates = [sys.executable, *filter(None, map(shutil.which, [*names, "python3", "python"]))]
    for candidate in candidates:
        found = version_of(candidate)
        if found is not None and OLDEST <= found <= NEWEST:
            return candidate
    return None


def make_environment(environment: Path) -> None:
    """Replace whatever is at the folder by a new, empty environment."""
    if environment.exists():
        shutil.rmtree(environment)
    say(f"Making a virtual environment in {environment.name} ...")
    python = find_python()
    if python is None:
        if make_environment_with_uv(environment):
            return
        this = "{}.{}".format(*sys.version_info[:2])
        raise SetupError(
            f"Python 3.{OLDEST[1]} to 3.{NEWEST[1]} with its venv module is needed; here is {this}."
            " Install one (on Debian and Ubuntu: apt install python3-venv), or name it:"
            " make ... PYTHON=/path/to/python3"
        )
    worked, output = run([python, "-m", "venv", str(environment)])
    if not worked:
        raise SetupError(f"The virtual environment could not be made:\n{last_lines(output)}")


def make_environment_with_uv(environment: Path, wanted: str = "{}.{}".format(*NEWEST)) -> bool:
    """Let uv make the environment: it looks in more places, and downloads Python if there is none."""
    say(f"No suitable Python found; asking uv for Python {wanted} ...")
    with tempfile.TemporaryDirectory() as folder:
        uv = shutil.which("uv")
        if uv is None:
            helper = Path(folder) / "uv"
            if not run([sys.executable, "-m", "venv", str(helper)])[0]:
                return False
            if not run([str(python_of(helper)), "-m", "pip", "install", "--quiet", UV])[0]:
                return False
            uv = str(python_of(helper).with_name("uv"))
        return run([uv, "venv", "--quiet", "--seed", "--python", wanted, str(environment)])[0]


def uv_environment(python: str) -> dict[str, str]:
    """Environment for uv that points it where pip looks: the same index and the same certificates."""
    environment = dict(os.environ)
    _, listing = run([python, "-m", "pip", "config", "list"])
    settings = dict(line.split("=", 1) for line in listing.splitlines() if "=" in line)
    for key, value in settings.items():
        name, bare = key.split(".")[-1], value.strip().strip("'\"")
        if name == "index-url":
            environment.setdefault("UV_DEFAULT_INDEX", bare)
        elif name == "cert":
            environment.setdefault("SSL_CERT_FILE", bare)
    return environment


def install(environment: Path, extras: list[str]) -> None:
    """Install the project, editable, with extras: by uv, which is several times faster, else by pip."""
    python = str(python_of(environment))
    target = "{}[{}]".format(".", ",".join(extras))
    say(f"Installing the connector with what {' and '.join(extras)} need{'s' * (len(extras) == 1)} ...")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if shutil.which("uv") is not None or run([*pip, UV])[0]:
        uv = shutil.which("uv", path=str(Path(python).parent)) or shutil.which("uv") or "uv"
        command = [uv, "pip", "install", "--quiet", "--python", python, "--editable", target]
        if run(command, uv_environment(python))[0]:
            return
        say("uv could not install it; trying pip, which takes about a minute ...")
    worked, output = run([*pip, "--editable", target])
    if not worked:
        raise SetupError(f"Installing failed; is a package index within reach?\n{last_lines(output)}")


def interpreter(environment: Path) -> str | None:
    """Which Python an environment has and for which folder it was made; None if it does not start."""
    works, output = run([str(python_of(environment)), "-c", "import sys; print(sys.version)"])
    return f"{' '.join(output.split())} for {PROJECT}" if works else None


def fingerprint() -> str:
    """What an installation depends on, as one number."""
    digest = hashlib.sha256()
    for name in ("setup.py", "tools/venv.py"):
        digest.update((PROJECT / name).read_bytes())
    return digest.hexdigest()


def ensure(environment: Path, extras: list[str]) -> None:
    """Make the environment hold the project with the extras; do nothing where it already does."""
    stamp = environment / STAMP
    try:
        installed = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        installed = {}
    python = interpreter(environment) if installed else None
    if python is not None and installed.get("python") == python:
        if installed["fingerprint"] == fingerprint() and set(extras) <= set(installed["extras"]):
            return
        extras = sorted({*extras, *installed["extras"]})
        stamp.unlink()
    else:
        make_environment(environment)
    install(environment, extras)
    note = {"python": interpreter(environment), "fingerprint": fingerprint(), "extras": extras}
    stamp.write_text(json.dumps(note), encoding="utf-8")


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print("usage: python3 tools/venv.py FOLDER EXTRA...", file=sys.stderr)
        return 2
    try:
        ensure(PROJECT / arguments[0], sorted(arguments[1:]))
    except (SetupError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: stopped; the next call starts anew", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
