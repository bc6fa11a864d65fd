"""Run the connector on every supported version of Python: `make pythons`.

    python3 -m tools.pythons [--all-tests] [--others] [VERSION...]     without versions: 3.10 to 3.14

Each version gets its own environment in .cache, in which unit tests and one sync run. A version that is not
on this machine, and that neither uv nor the system's packages provide, is listed at the end. That is a
failure only for versions named on the command line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools import venv

VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
EXTRAS = ["sandbox", "sync", "report", "tests"]
COMPUTERS = 30
# Simulations and random searches are slow, and don't depend on the version of Python.
SLOW = ("test_drawn_servers.py", "test_pace_simulation.py", "test_time_windows.py")
# The same distribution among processes as in `make test`.
SHARED = ("--numprocesses", "auto", "--maxprocesses", "8", "--dist", "loadgroup", "--no-loadscope-reorder")


def candidates(version: str) -> Iterator[str]:
    """Yield possible paths of a Python of this version, on the PATH and among pyenv's."""
    found = shutil.which(f"python{version}")
    if found is not None:
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True))


def find(version: str) -> str | None:
    """Return a Python of this version on this machine that can make virtual environments, if any."""
    wanted = tuple(int(part) for part in version.split("."))
    return next((python for python in candidates(version) if venv.version_of(python) == wanted), None)


def install_from_packages(version: str) -> str | None:
    """Install this Python from the system's packages, if available and permitted, and return its path."""
    if shutil.which("apt-get") is None or os.name != "posix" or os.geteuid() != 0:
        return None
    packages = [f"python{version}", f"python{version}-venv"]
    if not venv.run(["apt-cache", "show", *packages])[0]:
        return None
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    venv.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], quiet)
    return find(version)


def make_environment(version: str) -> Path | None:
    """Return the version's environment with the project in it, or `None` if there is no such Python."""
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
            message = f"The environment for Python {version} could not be made"
            raise venv.SetupError(f"{message}:\n{venv.last_lines(output)}")
    elif not venv.make_environment_with_uv(environment, version):
        return None
    venv.install(environment, EXTRAS)
    note = json.dumps({"python": venv.interpreter(environment), "fingerprint": venv.fingerprint()})
    stamp.write_text(note, encoding="utf-8")
    return environment


def run_tests(python: str, every: bool) -> bool:
    """Run all tests, or only the fast unit tests, and return whether they passed."""
    chosen = [] if every else ["unit_tests", *(f"--ignore=unit_tests/{name}" for name in SLOW)]
    return venv.succeeds(python, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *SHARED, *chosen)


def run_sync(python: str) -> bool:
    """Run one sync of the sandbox and return whether it succeeded."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--computers", COMPUTERS, "--database", Path(folder) / "snow_atlas.duckdb"]
        return venv.succeeds(python, "-m", "tools.sync", *map(str, options), quiet=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make pythons", description=__doc__)
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="such as 3.12")
    parser.add_argument("--all-tests", action="store_true", help="run the slow and the integration tests too")
    parser.add_argument("--others", action="store_true", help="skip the version that this script runs on")
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
        print(f"Python {version}: sync of the sandbox", flush=True)
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
