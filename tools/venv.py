"""Create or update the project's virtual environment: `python3 tools/venv.py FOLDER EXTRA...`.

It needs only the standard library, since it runs before anything is installed. The environment records what
was installed, so that a second call does nothing until setup.py or the interpreter changes.

Python 3.10 to 3.14 are supported. If another version runs this script, it looks for a supported one on the
machine, and then asks uv to provide one.
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
    """Error that the user has to fix; the message says how."""


def say(message: str) -> None:
    print(message, flush=True)


def run(command: list[str], environment: dict[str, str] | None = None) -> tuple[bool, str]:
    """Run a command quietly; return whether it succeeded, and its output."""
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


def succeeds(*command: str | Path, quiet: bool = False) -> bool:
    """Return whether a command succeeds; the output of a quiet one is printed only if it fails."""
    words = [str(word) for word in command]
    if not quiet:
        return subprocess.run(words, cwd=PROJECT, stdin=subprocess.DEVNULL, check=False).returncode == 0
    done, output = run(words)
    if not done:
        say(output)
    return done


def last_lines(output: str, count: int = 8) -> str:
    """Return the end of a command's output, without pip's warnings."""
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith("WARNING")]
    return "\n".join("  " + line for line in lines[-count:])


def python_of(environment: Path) -> Path:
    folder = "Scripts" if os.name == "nt" else "bin"
    return environment / folder / ("python.exe" if os.name == "nt" else "python")


def version_of(python: str) -> tuple[int, int] | None:
    """Return the version of an interpreter that starts and can make virtual environments, else `None`."""
    code = "import sys, venv, ensurepip; print('%d %d' % sys.version_info[:2])"
    works, output = run([python, "-c", code])
    if not works:
        return None
    major, minor = output.split()[-2:]
    return int(major), int(minor)


def find_python() -> str | None:
    """Return an interpreter of a supported version: this one, or else the newest on the PATH."""
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    candidates = [sys.executable, *filter(None, map(shutil.which, [*names, "python3", "python"]))]
    for candidate in candidates:
        found = version_of(candidate)
        if found is not None and OLDEST <= found <= NEWEST:
            return candidate
    return None


def make_environment(environment: Path) -> None:
    """Replace the folder with a new, empty environment."""
    if environment.exists():
        shutil.rmtree(environment)
    say(f"Making a virtual environment in {environment.name} ...")
    python = find_python()
    if python is None:
        if make_environment_with_uv(environment):
            return
        this = "{}.{}".format(*sys.version_info[:2])
        raise SetupError(
            f"Python 3.{OLDEST[1]} to 3.{NEWEST[1]} with its venv module is required, but this is {this}."
            " Install one (on Debian and Ubuntu: apt install python3-venv),"
            " or set its path: make ... PYTHON=/path/to/python3"
        )
    worked, output = run([python, "-m", "venv", str(environment)])
    if not worked:
        raise SetupError(f"The virtual environment could not be made:\n{last_lines(output)}")


def make_environment_with_uv(environment: Path, wanted: str = "{}.{}".format(*NEWEST)) -> bool:
    """Make the environment with uv, which searches more places and can download Python."""
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
    """Return environment variables that give uv the package index and certificates of pip."""
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
    say(f"Installing the connector with the extras {', '.join(extras)} ...")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if shutil.which("uv") is not None or run([*pip, UV])[0]:
        uv = shutil.which("uv", path=str(Path(python).parent)) or shutil.which("uv") or "uv"
        command = [uv, "pip", "install", "--quiet", "--python", python, "--editable", target]
        if run(command, uv_environment(python))[0]:
            return
        say("uv failed; installing with pip, which takes about a minute ...")
    worked, output = run([*pip, "--editable", target])
    if not worked:
        raise SetupError(f"The installation failed; is the package index reachable?\n{last_lines(output)}")


def interpreter(environment: Path) -> str | None:
    """Return the environment's Python version and project folder, or `None` if it does not start."""
    works, output = run([str(python_of(environment)), "-c", "import sys; print(sys.version)"])
    return f"{' '.join(output.split())} for {PROJECT}" if works else None


def fingerprint() -> str:
    """Return a hash of the files that an installation depends on."""
    digest = hashlib.sha256()
    for name in ("setup.py", "tools/venv.py"):
        digest.update((PROJECT / name).read_bytes())
    return digest.hexdigest()


def ensure(environment: Path, extras: list[str]) -> None:
    """Install the project with the extras in the environment, unless it is already up to date."""
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
        print("setup: interrupted; run it again", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
