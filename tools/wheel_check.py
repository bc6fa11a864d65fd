"""Check that the built wheel is complete: install it into an empty environment and run it outside the clone.

`python -m tools.wheel_check [--sync] dist/*.whl`, after a build. `spec` and `discover` need the YAML and the
schemas, so they fail if one is missing from the wheel. The commands `snow-atlas-sync` and `snow-atlas-report`
must say which extra is missing. With `--sync` the extras are installed too, and the commands make tables and
a report of a sandbox.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools.sandbox_process import running_sandbox
from tools.venv import python_of, uv_environment

CONFIG = {"region": "westeurope", "client_id": "nobody", "client_secret": "nothing"}
SCHEMAS = Path(__file__).resolve().parent.parent / "source_snow_atlas" / "schemas"
COMPUTERS = 100


class Environment:
    """An environment with only a wheel in it, and an empty folder to run its commands in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = python_of(folder / "venv")
        # Programs of this environment are not on the PATH, and the commands keep their files in the folder.
        self._variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {
            "PATH": os.defpath,
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        self._variables.pop("SNOW_ATLAS_SYNC_FOLDER", None)
        self._succeeds([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], None)

    def install(self, package: str) -> None:
        uv = Path(sys.executable).with_name("uv")
        if uv.exists():
            command = [str(uv), "pip", "install", "--quiet", "--python", str(self.python)]
        else:
            command = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet"]
        self._succeeds([*command, package], uv_environment(sys.executable))

    def output(self, program: str, *arguments: str) -> str:
        """Run a program of the environment, which must succeed, and return its output."""
        return self._succeeds([self._path(program), *arguments], self._variables)

    def refusal(self, program: str, *arguments: str) -> str:
        """Run a program that must fail with exit code 1, and return its one line of standard error."""
        done = self._run([self._path(program), *arguments], self._variables)
        if done.returncode != 1 or done.stderr.count("\n") != 1:
            raise SystemExit(
                f"wheel: {program} ended with {done.returncode} and said:\n{done.stderr[-2000:]}"
            )
        return done.stderr.strip()

    def write(self, name: str, document: Any) -> str:
        (self.folder / name).write_text(json.dumps(document), encoding="utf-8")
        return name

    def _path(self, program: str) -> str:
        return str(self.python.with_name(program))

    def _succeeds(self, command: list[str], variables: dict[str, str] | None) -> str:
        done = self._run(command, variables)
        if done.returncode != 0:
            raise SystemExit(
                f"wheel: {' '.join(command[:3])} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return done.stdout

    def _run(self, command: list[str], variables: dict[str, str] | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def message(output: str, kind: str) -> dict[str, Any]:
    """Return the message of a type in the connector's output."""
    for line in output.splitlines():
        found: dict[str, Any] = json.loads(line)
        if found["type"] == kind:
            return found
    raise SystemExit(f"wheel: the output has no {kind} message")


def check_connector(environment: Environment) -> str:
    """Check that the connector has its specification, its streams and their schemas."""
    config = environment.write("config.json", CONFIG)
    spec = message(environment.output("source-snow-atlas", "spec"), "SPEC")["spec"]
    discovered = environment.output("source-snow-atlas", "discover", "--config", config)
    streams = message(discovered, "CATALOG")["catalog"]["streams"]
    empty = [stream["name"] for stream in streams if not stream["json_schema"].get("properties")]
    missing = {path.stem for path in SCHEMAS.glob("*.json")} - {stream["name"] for stream in streams}
    if empty or missing:
        raise SystemExit(
            f"wheel: streams without a schema: {empty}; schemas without a stream: {sorted(missing)}"
        )
    properties = len(spec["connectionSpecification"]["properties"])
    return f"a spec of {properties} properties and {len(streams)} streams"


def check_refusals(environment: Environment) -> None:
    """Check that the commands say how to install a missing extra."""
    for command, option, extra in (
        ("snow-atlas-sync", "--help", "sync"),
        ("snow-atlas-report", "--no-sync", "report"),
    ):
        said = environment.refusal(command, option)
        if f'pip install ".[{extra}]"' not in said:
            raise SystemExit(f"wheel: {command} should say how to install the extra, but says: {said}")


def check_commands(environment: Environment, wheel: Path) -> str:
    """Check that the extras can fill a database from a sandbox and make a report of it."""
    start = time.monotonic()
    environment.install(f"{wheel}[report]")
    installed = time.monotonic()
    said = environment.refusal(
        "snow-atlas-sync", "--config", environment.write("wrong.json", {"region": "mars"})
    )
    if "Set region to one of" not in said:
        raise SystemExit(f"wheel: snow-atlas-sync should refuse the region, but says: {said}")
    before = time.monotonic()
    with running_sandbox(computers=COMPUTERS) as sandbox:
        config = environment.write("config.json", sandbox)
        printed = environment.output("snow-atlas-sync", "--config", config, "--database", "snow.duckdb")
    synced = time.monotonic()
    query = (
        "import duckdb; database = duckdb.connect('snow.duckdb');"
        " print(database.execute('SELECT count(*) FROM computers').fetchone()[0])"
    )
    count = environment.output(environment.python.name, "-c", query).strip()
    if count != str(COMPUTERS):
        raise SystemExit(f"wheel: {count} of {COMPUTERS} computers are in the database:\n{printed[-2000:]}")
    environment.output(
        "snow-atlas-report", "--no-sync", "--database", "snow.duckdb", "--output", "report.html"
    )
    if "Software assets" not in (environment.folder / "report.html").read_text(encoding="utf-8"):
        raise SystemExit("wheel: the report has no title")
    reported = time.monotonic()
    (total,) = (line.strip() for line in printed.splitlines() if "seconds from start to end" in line)
    return (
        f"installed in {installed - start:.0f} s, synced in {synced - before:.0f} s ({total}),"
        f" reported in {reported - synced:.0f} s"
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.wheel_check", description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument(
        "--sync", action="store_true", help="also sync and make a report, which takes a minute or two"
    )
    options = parser.parse_args(arguments)
    wheel = options.wheel.resolve()
    with tempfile.TemporaryDirectory() as folder:
        environment = Environment(Path(folder))
        environment.install(str(wheel))
        print(f"wheel: {wheel.name} alone has {check_connector(environment)}", flush=True)
        check_refusals(environment)
        print("wheel: the commands say which extra is missing", flush=True)
        if options.sync:
            print(f"wheel: with [report]: {check_commands(environment, wheel)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
