"""Prove that the built wheel is all a user needs: install it into an empty environment and run it elsewhere.

`python -m tools.wheel_check dist/*.whl`, after building. `spec` and `discover` need the YAML and the schemas,
so they fail where one of them is missing from the wheel.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools.venv import python_of, uv_environment

CONFIG = {"region": "westeurope", "client_id": "nobody", "client_secret": "nothing"}
SCHEMAS = Path(__file__).resolve().parent.parent / "source_snow_atlas" / "schemas"


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    """Output of a command that is started in a folder outside the project."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(
            f"wheel: {' '.join(command[:3])} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def message(output: str, kind: str) -> dict[str, Any]:
    """The message of a kind among the lines of the connector's output."""
    for line in output.splitlines():
        found: dict[str, Any] = json.loads(line)
        if found["type"] == kind:
            return found
    raise SystemExit(f"wheel: the output has no {kind} message")


def main(wheels: list[str]) -> int:
    (wheel,) = (Path(name).resolve() for name in wheels)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = folder / "venv"
        run([sys.executable, "-m", "venv", "--without-pip", str(environment)], folder)
        python = str(python_of(environment))
        uv = Path(sys.executable).with_name("uv")
        if uv.exists():
            install = [str(uv), "pip", "install", "--quiet", "--python", python]
        else:
            install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
        run([*install, str(wheel)], folder, uv_environment(sys.executable))
        connector = str(python_of(environment).with_name("source-snow-atlas"))
        (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
        clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        spec = message(run([connector, "spec"], folder, clean), "SPEC")["spec"]
        discovered = run([connector, "discover", "--config", "config.json"], folder, clean)
        streams = message(discovered, "CATALOG")["catalog"]["streams"]
    empty = [stream["name"] for stream in streams if not stream["json_schema"].get("properties")]
    missing = {path.stem for path in SCHEMAS.glob("*.json")} - {stream["name"] for stream in streams}
    if empty or missing:
        raise SystemExit(
            f"wheel: streams without a schema: {empty}; schemas without a stream: {sorted(missing)}"
        )
    properties = len(spec["connectionSpecification"]["properties"])
    print(f"wheel: {wheel.name} alone gives a spec of {properties} properties and {len(streams)} streams")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
