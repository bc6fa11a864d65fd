"""Commands that start the contenders."""

import json
from pathlib import Path

from benchmarks.environments import CONNECTOR, PROJECT, executable
from benchmarks.task import Task
from benchmarks.works import CDK, DLT, DLT_PARALLEL, FLOOR, OURS, PLAIN, SINGER

LABELS = {
    OURS: "source-snow-atlas",
    FLOOR: "asyncio without a framework (floor)",
    CDK: "airbyte-cdk, declarative components",
    PLAIN: "plain `requests` loop",
    SINGER: "singer-sdk tap",
    DLT: "dlt rest_api, extract only",
    DLT_PARALLEL: "dlt rest_api, parallelized",
}
DISTRIBUTIONS = {
    OURS: (CONNECTOR, ("airbyte-source-snow-atlas", "airbyte-cdk", "requests", "orjson")),
    FLOOR: ("floor", ("aiohttp", "orjson", "uvloop")),
    CDK: ("cdk_plain", ("airbyte-cdk", "requests")),
    PLAIN: ("plain_loop", ("requests",)),
    SINGER: ("singer_tap", ("singer-sdk", "requests")),
    DLT: ("dlt_source", ("dlt", "requests")),
}
"""Environment of each contender, with the distributions whose versions are reported."""


def prepare(contender: str) -> None:
    """Install the environment of a contender."""
    executable(_environment(contender))


def command(contender: str, task: Task, folder: Path) -> list[str]:
    """Write the input files of a contender to the folder, and return the command to run there."""
    task.write(folder / "task.json")
    (folder / "catalog.json").write_text(json.dumps(catalog(task)), encoding="utf-8")
    if contender == OURS:
        (folder / "config.json").write_text(json.dumps(configuration(task)), encoding="utf-8")
        program = executable(CONNECTOR, "source-snow-atlas")
        return [program, "read", "--config", "config.json", "--catalog", "catalog.json"]
    (folder / "config.json").write_text("{}", encoding="utf-8")
    environment = _environment(contender)
    options = ["parallelized"] if contender == DLT_PARALLEL else []
    return [
        executable(environment),
        "-m",
        f"benchmarks.peers.{environment}",
        str(folder / "task.json"),
        *options,
    ]


def variables(contender: str, folder: Path, certificate_authority: Path | None) -> dict[str, str]:
    """Return the environment variables of a contender, which do not depend on the machine."""
    values = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
    if contender != OURS:
        values["PYTHONPATH"] = str(PROJECT)
    if certificate_authority:
        values["REQUESTS_CA_BUNDLE"] = values["SSL_CERT_FILE"] = str(certificate_authority)
    return values


def output(contender: str, task: Task, folder: Path) -> Path:
    """Return the file or folder of the contender's records."""
    return Path(task.output) if contender in (DLT, DLT_PARALLEL) else folder / "stdout"


def configuration(task: Task) -> dict[str, object]:
    """Return the configuration of the connector."""
    return {
        "region": "westeurope",
        "api_url": task.url,
        "client_id": task.client_id,
        "client_secret": task.client_secret,
        "page_size": task.page_size,
        "num_workers": task.workers,
    }


def catalog(task: Task) -> dict[str, object]:
    """Return a catalog with a full refresh of every stream of the task."""
    return {
        "streams": [
            {
                "stream": {
                    "name": stream.name,
                    "json_schema": {"type": "object", "additionalProperties": True, "properties": {}},
                    "supported_sync_modes": ["full_refresh"],
                    "source_defined_primary_key": [[field] for field in stream.key],
                },
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
            for stream in task.streams
        ]
    }


def _environment(contender: str) -> str:
    if contender == OURS:
        return CONNECTOR
    return "dlt_source" if contender == DLT_PARALLEL else contender
