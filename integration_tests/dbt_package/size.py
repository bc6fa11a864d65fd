"""Measure time, memory and disk of the marts on a large estate, and print them as Markdown.

`python -m integration_tests.dbt_package.size`; with `--months 12`, history, changes and their tests as well.

The sandbox's company is multiplied within DuckDB: computers and users are copied, and each application gets
fifty editions, of which a computer has one or more. dbt then builds all models and runs all tests, with two
threads. Times of tables are dbt's own; those of a step include dbt's start. Memory is the maximum of a dbt
process. dbt has to be installed (`make dbt-test`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb

from integration_tests.dbt_package.building import run_dbt
from integration_tests.dbt_package.scenarios import COMPUTERS, TODAY, company
from integration_tests.dbt_package.warehouses import DuckDB

KEPT = ("path:models/history", "snow_atlas__changes")
EDITIONS = 50
MIB = 2**20

# Tables with a row or more for each computer or user, and the columns that name these.
PER_COPY: Mapping[str, Sequence[str]] = {
    "computers": ("id", "mostfrequentuser", "mostrecentuser"),
    "computer_details": ("id", "mostfrequentuser", "mostrecentuser"),
    "user_accounts": ("id",),
    "user_account_details": ("id",),
    "computer_application_user_usage": ("userid",),
    "saas_users": ("id",),
    "saas_user_subscriptions": ("userid",),
    "saas_subscription_users": ("id",),
}
# Columns with a text that is another for each copy.
TEXTS = ("hostname", "email", "username", "recordkey")
# Tables about applications, and the column that names one.
PER_EDITION: Mapping[str, str] = {
    "applications": "id",
    "application_metrics": "applicationid",
    "license_compliance_summary": "applicationid",
    "license_compliance_allocation": "applicationid",
    "license_entitlements": "applicationid",
}


def numbered(column: str, number: str) -> str:
    """Return SQL for an id whose last twelve digits are replaced by a number."""
    return f"substr({column}, 1, 24) || lpad(cast({number} AS varchar), 12, '0')"


def multiply(path: Path, computers: int, installations: int) -> None:
    """Multiply the company's tables up to that many computers and installations."""
    copies = -(-computers // COMPUTERS)
    with closing(duckdb.connect(str(path))) as database:
        database.execute("SET preserve_insertion_order = false")
        for table, keys in PER_COPY.items():
            _repeat(database, table, keys, copies)
        database.execute(
            f"DELETE FROM computers WHERE rowid NOT IN (SELECT rowid FROM computers LIMIT {computers})"
        )
        for table, key in PER_EDITION.items():
            _repeat(database, table, (key,), EDITIONS)
        found = database.execute("SELECT count(*) FROM computer_applications").fetchone()
        parts = -(-installations // (copies * (found[0] if found else 1)))
        edition = f"(hash(computerid, applicationid, copy) + part * {EDITIONS // parts}) % {EDITIONS} + 1"
        _replace(
            database,
            "computer_applications",
            f"SELECT * REPLACE ({numbered('computerid', 'copy')} AS computerid,"
            f" {numbered('applicationid', edition)} AS applicationid,"
            " recordkey || '-' || copy || '-' || part AS recordkey)"
            f" FROM computer_applications, range(1, {copies + 1}) AS copies(copy),"
            f" range({parts}) AS parts(part) LIMIT {installations}",
        )


def _repeat(database: duckdb.DuckDBPyConnection, table: str, keys: Sequence[str], copies: int) -> None:
    columns = {row[0] for row in database.execute(f"DESCRIBE {table}").fetchall()}
    changed = [f"{numbered(key, 'copy')} AS {key}" for key in keys if key in columns]
    changed += [f"{text} || '-' || copy AS {text}" for text in TEXTS if text in columns and text not in keys]
    _replace(
        database,
        table,
        f"SELECT * REPLACE ({', '.join(changed)}) FROM {table}, range(1, {copies + 1}) AS copies(copy)",
    )


def _replace(database: duckdb.DuckDBPyConnection, table: str, select: str) -> None:
    """Replace a table's rows with those of a query."""
    names = ", ".join(f'"{row[0]}"' for row in database.execute(f"DESCRIBE {table}").fetchall())
    database.execute(f"CREATE TABLE replacing AS SELECT {names} FROM ({select})")
    database.execute(f"DROP TABLE {table}")
    database.execute(f"ALTER TABLE replacing RENAME TO {table}")


def build(
    warehouse: DuckDB, scratch: Path, command: str, *selection: str, day: date = TODAY
) -> tuple[float, dict[str, float]]:
    """Run dbt, and return the wall time, and the seconds of each model or test."""
    start = time.monotonic()
    arguments = [command, "--threads", "2", *selection]
    run_dbt(warehouse, arguments, {"snow_atlas_today": day.isoformat()}, scratch)
    wall = time.monotonic() - start
    results = json.loads((scratch / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return wall, {result["unique_id"].split(".")[-1]: result["execution_time"] for result in results}


def marts(warehouse: DuckDB, scratch: Path) -> tuple[float, list[str]]:
    """Build all models but the history, and return the seconds and lines of Markdown."""
    wall, models = build(warehouse, scratch, "run", "--exclude", *KEPT)
    rows = {
        each["name"]: each["rows"]
        for each in warehouse.query(
            "SELECT table_name AS name, estimated_size AS rows FROM duckdb_tables()"
            " WHERE schema_name <> 'main'"
        )
    }
    lines = ["| table | rows | seconds |", "|---|---|---|"]
    lines += [f"| `{name}` | {rows[name]:,} | {models[name]:.1f} |" for name in sorted(rows)]
    views = sum(seconds for name, seconds in models.items() if name not in rows)
    return wall, [*lines, f"| {len(models) - len(rows)} staging views | | {views:.1f} |"]


def history(warehouse: DuckDB, scratch: Path, months: int) -> tuple[float, list[str]]:
    """Build the history of so many months, and return the seconds of the last build and lines of
    Markdown.

    The first month is built and copied to the ends of the others; then today is built.
    """
    first = TODAY.replace(day=1)
    days = [TODAY]
    for _ in range(months):
        days.append(first - timedelta(days=1))
        first = days[-1].replace(day=1)
    *between, earliest = days[1:]
    build(warehouse, scratch, "run", "--select", *KEPT, day=earliest)
    tables = (
        "SELECT schema_name || '.' || table_name AS path, table_name AS name, estimated_size AS rows"
        " FROM duckdb_tables() WHERE schema_name LIKE '%snow_atlas_history' ORDER BY name"
    )
    for each in warehouse.query(tables):
        held = f"{each['path']} WHERE built_on = DATE '{earliest}'"
        for day in between:
            warehouse.execute(
                f"INSERT INTO {each['path']} SELECT * REPLACE (DATE '{day}' AS built_on) FROM {held}"
            )
    wall, models = build(warehouse, scratch, "run", "--select", *KEPT)
    rows = {each["name"]: each["rows"] for each in warehouse.query(tables)}
    lines = [f"| kept for {months} months and today | rows | rows a month | seconds of the last build |"]
    lines += ["|---|---|---|---|"]
    lines += [
        f"| `{name}` | {number:,} | {number // len(days):,} | {models[name]:.1f} |"
        for name, number in rows.items()
    ]
    total = sum(rows.values())
    lines += [
        f"| all | {total:,} | {total // len(days):,} | |",
        f"| `snow_atlas__changes` | | | {models['snow_atlas__changes']:.1f} |",
    ]
    return wall, lines


def mebibytes(warehouse: DuckDB) -> str:
    return f"{os.path.getsize(warehouse.path) / MIB:,.0f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--computers", type=int, default=100_000)
    parser.add_argument("--installations", type=int, default=10_000_000)
    parser.add_argument("--months", type=int, default=0, help="keep the history of so many months")
    parser.add_argument("--folder", type=Path, help="keep the database and dbt's files there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.folder or Path(temporary)
        scratch.mkdir(parents=True, exist_ok=True)
        warehouse = DuckDB(scratch / "warehouse.duckdb")
        warehouse.fill(company())
        multiply(warehouse.path, options.computers, options.installations)
        print(f"{options.computers:,} computers with {options.installations:,} installations\n")
        steps = [f"| as synced | | {mebibytes(warehouse)} |"]
        wall, lines = marts(warehouse, scratch)
        steps += [f"| staging, intermediate tables and marts | {wall:.0f} | {mebibytes(warehouse)} |"]
        if options.months:
            wall, kept = history(warehouse, scratch, options.months)
            steps += [
                f"| history of {options.months} months, and changes | {wall:.0f} | {mebibytes(warehouse)} |"
            ]
            lines += ["", *kept]
        wall, _ = build(warehouse, scratch, "test", *([] if options.months else ["--exclude", *KEPT]))
        steps += [f"| all tests | {wall:.0f} | |"]
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        print("\n".join([*lines, "", "| step | seconds | database |", "|---|---|---|", *steps]))
        print(f"\nAt most {peak / MIB:,.0f} MiB of memory.")


if __name__ == "__main__":
    main()
