"""Write the staging models of the dbt package from the schemas: `make dbt-staging`.

Each stream gets a view with one column for each of its fields, and each area of streams a file that describes
them. A model contains only data; the macro `stage_stream` makes SQL of it. One more model counts the rows of
all of them. With --check nothing is written; the exit code is 1 if a file is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from source_snow_atlas import definitions
from tools import generated
from tools.schemas import schema
from tools.sensitive import mark

PROJECT = Path(__file__).resolve().parent.parent
MODELS = PROJECT / "dbt" / "models"
LONGEST_NAME = 51
"""Most characters of a relation's name: PostgreSQL allows 63, and dbt appends `__dbt_backup`."""
NOTICE = "Written by `make dbt-staging`; change the schemas or tools/dbt_staging.py instead."
LINKS = "_links"
FRESH_HOURS = {"warn": 36, "error": 72}
"""Default age of its newest row at which a table is stale."""
ADDED_BEFORE = {
    "tenant_id": "Tenant, as named in snow_atlas_sources, or else the schema that the row was read from."
}
ADDED_AFTER = {
    "_synced_at": "Time in UTC when the row was read from Snow Atlas; null if the loader does not record it.",
    "_dates_left_out": "Number of dates that are null here because they are before 1900 or after 9990.",
    "_unreadable_values": "Number of values that are null here because their text cannot be parsed.",
}

SENSITIVE_BUT_USED = frozenset(
    {
        "computer_details",
        "license_assignments_users",
        "saas_application_user_consumptions",
        "saas_application_users",
        "saas_salesforce_users",
        "saas_servicenow_users",
        "saas_subscription_user_consumptions",
        "saas_subscription_users",
        "saas_users",
        "user_account_details",
        "user_accounts",
    }
)
"""Streams with personal data that marts can't do without; other sensitive streams get no staging model."""

SPELLINGS = {
    "cdbDBID": "cdb_dbid",
    "is64bit": "is_64bit",
    "isOEMDB": "is_oem_db",
    "isRMANDB": "is_rman_db",
    "isUsedBy3PP": "is_used_by_3pp",
    "isVMwareDRS": "is_vmware_drs",
    "groups": "user_groups",
    "tenantId": "device_tenant_id",
    "value30DaysAgo": "value_30_days_ago",
}
"""Fields whose words can't be split by their capitals, or whose name is in use or reserved (`groups`)."""

MONEY_WORDS = frozenset({"cost", "price", "savings"})
MONEY_FIELDS = frozenset({"purchaseValue", "purchaseValueBase", "rrpValue"})
TYPES = {"string": "text", "integer": "integer", "number": "double", "boolean": "boolean"}
FORMATS = {"date": "date", "date-time": "timestamp"}


@dataclass(frozen=True)
class Column:
    """One column of a staging model: a field, or the property `within` it, under its name and as its type."""

    field: str
    name: str
    type: str
    description: str
    within: str = ""

    @property
    def source(self) -> str:
        return f"{self.field}.{self.within}" if self.within else self.field


def main(arguments: Sequence[str] | None = None) -> int:
    return generated.run("dbt-staging", __doc__, MODELS, stale_files, arguments)


def stale_files(folder: Path) -> generated.Stale:
    """Return the stale files with their new text, or with `None` for a file that should not exist."""
    wanted = {folder / name: text for name, text in files().items()}
    return generated.stale(wanted, (folder / "staging").rglob("*.*"))


def files() -> dict[str, str]:
    """Return the text of the generated files by path in the folder of models."""
    made = {"staging/_sources.yml": sources(), "intermediate/int_snow_atlas__streams.sql": counts()}
    areas: dict[str, list[str]] = {}
    for stream in staged_streams():
        area = definitions.parameters(stream)["area"]
        areas.setdefault(area, []).append(stream)
        made[f"staging/{area}/{model_name(stream)}.sql"] = model(stream)
    made.update({f"staging/{area}/_{area}.yml": descriptions(streams) for area, streams in areas.items()})
    return made


def staged_streams() -> list[str]:
    """Return the streams that get a staging model."""
    return [
        name
        for name in definitions.stream_definitions()
        if not definitions.parameters(name).get("sensitive") or name in SENSITIVE_BUT_USED
    ]


def model_name(stream: str) -> str:
    return f"stg_snow_atlas__{stream}"


def view_name(stream: str) -> str:
    """Return the name of a stream's view: its model's, or a shorter one if PostgreSQL needs it."""
    for name in (model_name(stream), f"stg_{stream}", f"stg_{stream.replace('_license_', '_')}"):
        if len(name) <= LONGEST_NAME:
            return name
    raise ValueError(f"{stream}: its view has no name of at most {LONGEST_NAME} characters; see view_name")


def columns(stream: str) -> list[Column]:
    """Return the columns of a stream's model.

    Links and secrets are left out; objects also get a column for each property.
    """
    found = list(_columns(schema(stream)["properties"]))
    names = [column.name for column in found]
    names += [*ADDED_BEFORE, *ADDED_AFTER]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"{stream}: two fields have the column name {', '.join(doubled)}; see SPELLINGS")
    return found


def _columns(properties: Mapping[str, Mapping[str, Any]]) -> Iterator[Column]:
    for field, declared in properties.items():
        if field == LINKS or mark(field) == "secret":
            continue
        kind = column_type(field, declared)
        yield Column(field, column_name(field), kind, in_column_names(declared["description"]))
        for within, inner in declared.get("properties", {}).items():
            inner_kind = column_type(f"{field}_{within}", inner)
            if inner_kind != "json" and within != LINKS:
                name = f"{column_name(field)}_{column_name(within)}"
                yield Column(field, name, inner_kind, in_column_names(inner["description"]), within)


def column_name(field: str) -> str:
    """Return a field's name in snake_case."""
    if field in SPELLINGS:
        return SPELLINGS[field]
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", field)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()


def in_column_names(text: str) -> str:
    """Return a description with the column names of the fields that it mentions."""
    return re.sub(
        r"\b[a-z]+[A-Z0-9]\w*\b",
        lambda word: column_name(str(word[0])) if str(word[0]) in all_fields() else str(word[0]),
        text,
    )


@lru_cache(maxsize=1)
def all_fields() -> frozenset[str]:
    """Return the names of the fields of all streams."""
    return frozenset(
        field for stream in definitions.stream_definitions() for field in schema(stream)["properties"]
    )


def column_type(field: str, declared: Mapping[str, Any]) -> str:
    """Return the type of a field's column, as the macro `cast_field` names it."""
    kinds = [kind for kind in declared["type"] if kind != "null"]
    if len(kinds) > 1:
        return "any"
    if kinds[0] in ("array", "object"):
        return "json"
    if kinds[0] == "string" and column_name(field).split("_")[-1] == "currency":
        return "currency"
    if kinds[0] in ("integer", "number") and is_money(field):
        return "money"
    return FORMATS.get(declared.get("format", ""), TYPES[kinds[0]])


def is_money(field: str) -> bool:
    return field in MONEY_FIELDS or not MONEY_WORDS.isdisjoint(column_name(field).split("_"))


def model(stream: str) -> str:
    """Return the SQL file of a stream's model."""
    lines = [f"    ('{column.source}', '{column.name}', '{column.type}')," for column in columns(stream)]
    view = view_name(stream)
    return "\n".join(
        [
            f"{{# {NOTICE} #}}",
            *([f"{{{{ config(alias='{view}') }}}}"] if view != model_name(stream) else []),
            f"{{{{ snow_atlas.stage_stream('{stream}', [",
            *lines,
            f"]{key_arguments(stream)}) }}}}",
            "",
        ]
    )


def key_arguments(stream: str) -> str:
    """Return the arguments of the macro for a stream's key, which identifies rows across syncs."""
    key, incremental = primary_key(stream), "incremental_sync" in definitions.stream_definitions()[stream]
    return (f", key={key!r}" if key else "") + (", incremental=true" if incremental else "")


def counts() -> str:
    """Return the SQL file of the model that counts the rows of every stream."""
    lines = [f"    '{stream}'," for stream in staged_streams()]
    return "\n".join([f"{{# {NOTICE} #}}", "{{ snow_atlas.count_streams([", *lines, "]) }}", ""])


def sources() -> str:
    """Return the file that declares the tables of the warehouse."""
    tables = [
        {
            "name": name,
            "identifier": f"{{{{ var('snow_atlas_prefix', '') }}}}{name}",
            "description": schema(name)["description"],
        }
        for name in staged_streams()
    ]
    source = {
        "name": "snow_atlas",
        "description": (
            "The tables that the connector's streams were synced to; a missing table counts as empty."
        ),
        "database": "{{ var('snow_atlas_database', target.database) }}",
        "schema": "{{ var('snow_atlas_schema', target.schema) }}",
        "config": {
            "freshness": {
                f"{level}_after": {
                    "count": f"{{{{ var('snow_atlas_{level}_after_hours', {hours}) | as_number }}}}",
                    "period": "hour",
                }
                for level, hours in FRESH_HOURS.items()
            },
            "loaded_at_query": "{{ snow_atlas.loaded_at(model.name) }}",
        },
        "tables": tables,
    }
    return _yaml({"version": 2, "sources": [source]})


def descriptions(streams: Sequence[str]) -> str:
    """Return the file that describes the models of an area and their keys."""
    return _yaml({"version": 2, "models": [_described(stream) for stream in streams]})


def _described(stream: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": model_name(stream),
        "description": in_column_names(schema(stream)["description"]),
    }
    key = primary_key(stream)
    if key:
        arguments = {"columns": [column_name(field) for field in key]}
        described["data_tests"] = [{"snow_atlas.unique_key": {"arguments": arguments}}]
    described["columns"] = [
        *({"name": name, "description": text} for name, text in ADDED_BEFORE.items()),
        *(_described_column(column) for column in columns(stream)),
        *({"name": name, "description": text} for name, text in ADDED_AFTER.items()),
    ]
    return described


def _described_column(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "description": column.description}
    if mark(column.field) == "personal":
        described["config"] = {"meta": {"personal": True}}
    return described


def primary_key(stream: str) -> list[str]:
    """Return the fields of a stream's primary key, or an empty list."""
    key = definitions.stream_definitions()[stream].get("primary_key") or []
    return [key] if isinstance(key, str) else list(key)


def _yaml(document: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return f"# {NOTICE}\n{text}"


if __name__ == "__main__":
    sys.exit(main())
