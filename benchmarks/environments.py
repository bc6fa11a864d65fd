"""Virtual environments of contenders and tools, created in `.venvs` when they are needed."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
CONNECTOR = "connector"
PACKAGED = (
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "dbt",
    "snow_atlas_sync",
    "source_snow_atlas",
)


def executable(environment: str, name: str = "python") -> str:
    """Return the path of a program, and create its environment if it is missing or out of date."""
    return str(_folder(environment) / "bin" / name)


@cache
def _folder(environment: str) -> Path:
    """Return the folder of an environment. It is updated once per process, and not between two runs."""
    folder = HERE / ".venvs" / environment
    wanted = _fingerprint(environment)
    stamp = folder / "installed-for"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"Installing the environment {environment} ...", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        python = str(folder / "bin" / "python")
        pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        if environment == CONNECTOR:
            with tempfile.TemporaryDirectory() as copy:
                _copy_package(Path(copy))
                _run(*pip, copy)
        else:
            _run(*pip, "--requirement", str(HERE / "requirements" / f"{environment}.txt"))
        stamp.write_text(wanted, encoding="utf-8")
    return folder


def versions(environment: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return the installed versions of distributions and of Python."""
    code = (
        "import importlib.metadata as m, json, platform, sys\n"
        "found = {'Python': platform.python_version()}\n"
        "found.update({name: m.version(name) for name in sys.argv[1:]})\n"
        "print(json.dumps(found))"
    )
    done = _run(executable(environment), "-c", code, *names)
    return {str(name): str(version) for name, version in json.loads(done).items()}


def _copy_package(target: Path) -> None:
    """Copy the files that are packaged, as a build in place would include results of earlier builds."""
    for name in PACKAGED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, target / name)


def _fingerprint(environment: str) -> str:
    """Return a hash that changes when the environment has to be created again."""
    digest = hashlib.sha256(sys.version.encode())
    if environment == CONNECTOR:
        files = [PROJECT / "setup.py", PROJECT / "pyproject.toml"]
        folder = PROJECT / "source_snow_atlas"
        files += sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    else:
        files = [HERE / "requirements" / f"{environment}.txt"]
    for path in files:
        digest.update(str(path.relative_to(PROJECT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _run(*command: str) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} {' '.join(command[1:4])} failed:\n{done.stderr[-2000:]}")
    return done.stdout
