"""dlt's pipeline into a destination, with what this package changes in dlt."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.destination import reference
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.exceptions import MissingDependencyException
from dlt.destinations.impl.postgres.postgres import PostgresParquetCopyJob
from dlt.destinations.job_client_impl import SqlLoadJob

from snow_atlas_sync.errors import SyncError
from snow_atlas_sync.folder import FULL, root_folder
from snow_atlas_sync.one_step import OneStepDuckDb, OneStepFilesystem

PostgresParquetCopyJob._ingest_per_rowgroup = True  # else the driver holds the whole file in memory

DUCKDB, FILESYSTEM, POSTGRES = "duckdb", "filesystem", "postgres"
DDL = re.compile(r"^\s*(ALTER|CREATE|DROP)\b", re.IGNORECASE | re.MULTILINE)


def _has_ddl(self: SqlLoadJob, sql: str) -> bool:
    return DDL.search(sql) is not None


# dlt mistakes a column such as createdDate for a CREATE statement, for which it may use no transaction.
SqlLoadJob._string_contains_ddl_statements = _has_ddl  # type: ignore[method-assign]

NAME = "snow_atlas"
IN_TRANSACTIONS = frozenset({DUCKDB, "motherduck", POSTGRES, "redshift", "snowflake", "bigquery", "mssql"})
"""Destinations that support transactions. dlt has to be told, or a load that is killed between the two
statements that replace a table would leave it empty.
"""
TRUNCATE = frozenset({POSTGRES, "mssql"})
"""Destinations that support TRUNCATE in a transaction. In others, rows are deleted."""

FORMS = {POSTGRES: "postgresql://user:password@host:5432/database"}
"""The form of a destination's credentials, for messages."""

SETTINGS = {
    # lastScanDate becomes lastscandate, which SQL finds in any case
    "schema.naming": "sql_ci_v1",
    "destination.staging_dataset_name_layout": "%s_loading",
    "load.workers": 4,
}


def new_pipeline(name: str, dataset: str, folder: Path, connection: Any) -> Any:
    """Return a pipeline into the destination of this name, in DuckDB over an open connection."""
    for key, value in SETTINGS.items():
        dlt.config[key] = value
    dlt.config["destination.replace_strategy"] = (
        "truncate-and-insert" if name in (DUCKDB, FILESYSTEM) else "insert-from-staging"
    )  # for the first two, one_step.py truncates and inserts in one step
    pipeline = dlt.pipeline(
        NAME,
        str(folder / "dlt"),
        destination=_destination(name, connection),
        dataset_name=dataset,
        dev_mode=False,
    )
    if pipeline.dev_mode:
        raise SyncError("dlt's setting full_refresh would load each sync into another schema: remove it")
    pipeline.config.restore_from_destination = True  # the state of incremental streams is there
    return pipeline


def _destination(name: str, connection: Any) -> Any:
    if name == FILESYSTEM:
        return OneStepFilesystem(destination_name=name)
    options: dict[str, Any] = {"destination_name": name}
    if name in IN_TRANSACTIONS:
        options |= {"supports_transactions": True, "supports_truncate_command": name in TRUNCATE}
    if name == DUCKDB:
        return OneStepDuckDb(connection, **options)
    destination: Any = reference.Destination.from_reference(name, **options)
    try:
        _ = destination.client_class  # imports the driver: dlt asks for the credentials first
    except (ModuleNotFoundError, MissingDependencyException):
        raise SyncError(f'its driver is not installed; install it with: pip install "dlt[{name}]"') from None
    return destination


def reason(error: BaseException, name: str) -> str:
    """Return the message of the database, of dlt or of the system in one line."""
    while error.__cause__ is not None and not isinstance(
        error, (ConfigFieldMissingException, UnknownDestinationModule)
    ):
        error = error.__cause__
    if isinstance(error, UnknownDestinationModule):
        known = sorted(set(dlt.destinations.__all__) - {"destination", "dummy"})
        nearest = difflib.get_close_matches(name, known, n=3)
        if not nearest:
            return f"dlt has no destination of this name; it has {', '.join(known)}"
        return f"dlt has no destination of this name; did you mean {' or '.join(nearest)}?"
    if isinstance(error, ConfigFieldMissingException):
        prefix = f"DESTINATION__{name.upper()}__"
        variables = " and ".join(f"{prefix}{field.upper()}" for field in error.fields)
        form = f", in the form {FORMS[name]}" if name in FORMS else ""
        return f"set {variables} in the environment, or the same in .dlt/secrets.toml{form}"
    if isinstance(error, OSError) and error.errno in FULL:
        return f"the disk of {error.filename or root_folder()} is full"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return " ".join(str(error).split())[:300] or type(error).__name__
