"""Run the connector on every Python that it supports: `make pythons`.

    python3 -m tools.pythons [--all-tests] [--others] [VERSION...]     without versions: 3.10 to 3.14

Each version gets an environment of its own in .cache, unit tests run there, and one sync. A version that is
neither on this machine nor to be had from uv or the system's packages is named at the end; that alone is no
failure. With versions on the command line it is one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools import venv

VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
EXTRAS = ["sandbox", "sync", "report", "tests"]
COMPUTERS = 30
# Simulations and searches over many random cases: they take most of the unit tests' time, and are about what
# the code decides, which no version of Python changes.
SLOW = ("test_pace_simulation.py", "test_window_proof.py")


# As `make test` shares the tests among processes.
SHARED = ("--numprocesses", "auto", "--maxprocesses", "8", "--dist", "loadgroup", "--no-loadscope-reorder")


def candidates(version: str) -> Iterator[str]:
    """Where a Python of this version may be: on the PATH, or among pyenv's, which are not."""
    found = shutil.which(f"python{version}")
    if found is not None:
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True))


def find(version: str) -> str | None:
    """A Python of this version on this machine that can make virtual environments."""
    wanted = tuple(int(part) for part in version.split("."))
    return next((python for python in candidates(version) if venv.version_of(python) == wanted), None)


def install_from_packages(version: str) -> str | None:
    """The system's package of this Python, installed where there is one and we may."""
    if shutil.which("apt-get") is None or os.name != "posix" or os.geteuid() != 0:
        return None
    packages = [f"python{version}", f"python{version}-venv"]
    if not venv.run(["apt-cache", "show", *packages])[0]:
        return None
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    venv.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], quiet)
    return find(version)


def make_environment(version: str) -> Path | None:
    """The version's environment with the project in it; None where there is no such Python to be had."""
    environment = venv.PROJECT / ".cache" / f"python-{version}"
    stamp = environment / venv.STAMP
    python = venv.interpreter(environment)
    note = json.dumps({"python": python, "fingerprint": venv.fingerprint()})
    if python is not None and stamp.exists() and stamp.read_text(encoding="utf-8") == note:
        return environment
    if environment.exists():
        shutil.rmtree(environment)
    own = find(version) or install_from_packages(version)
    if own is not None:
        worked, output = venv.run([own, "-m", "venv", str(environment)])
        if not worked:
            raise venv.SetupError(f"no environment for Python {version}:\n{venv.last_lines(output)}")
    elif not venv.make_environment_with_uv(environment, version):
        return None
    venv.install(environment, EXTRAS)
    note = json.dumps({"python": venv.interpreter(environment), "fingerprint": venv.fingerprint()})
    stamp.write_text(note, encoding="utf-8")
    return environment


def run_tests(python: str, every: bool) -> bool:
    """Run the tests: all of them, or the unit tests but for the slow ones."""
    chosen = [] if every else ["unit_tests", *(f"--ignore=unit_tests/{name}" for name in SLOW)]
    return succeeds([python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *SHARED, *chosen])


def run_sync(python: str) -> bool:
    """One sync from the sandbox."""
    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "snow_atlas.duckdb")
        return succeeds(
            [python, "-m", "tools.sync", "--computers", str(COMPUTERS), "--database", database], quiet=True
        )


def succeeds(command: list[str], *, quiet: bool = False) -> bool:
    """Whether a command ends well; a quiet one is heard only if it does not."""
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(
        command,
        cwd=venv.PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if quiet and done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make pythons", description=__doc__)
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="such as 3.12")
    parser.add_argument("--all-tests", action="store_true", help="the slow and the integration tests, too")
    parser.add_argument(
        "--others", action="store_true", help="leave out the version that this script runs on"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.versions) - set(VERSIONS)
    if unknown:
        parser.error(f"not supported: {', '.join(sorted(unknown))}")
    this = "{}.{}".format(*sys.version_info[:2])
    results: dict[str, str] = {}
    for version in options.versions or VERSIONS:
        if options.others and version == this:
            continue
        environment = make_environment(version)
        if environment is None:
            results[version] = "not found"
            continue
        python = str(venv.python_of(environment))
        print(f"Python {version}: tests", flush=True)
        tests = run_tests(python, options.all_tests)
        print(f"Python {version}: a sync from the sandbox", flush=True)
        sync = run_sync(python)
        results[version] = ", ".join(
            f"{name} {'passed' if worked else 'FAILED'}"
            for name, worked in (("tests", tests), ("sync", sync))
        )
    for version, result in results.items():
        print(f"Python {version}: {result}")
    failed = any("FAILED" in result for result in results.values())
    missing = any(result == "not found" for result in results.values())
    return 1 if failed or (missing and options.versions) else 0


if __name__ == "__main__":
    sys.exit(main())
