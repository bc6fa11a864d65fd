"""Description of a stream for the documentation: permission, primary key, sync modes, parents, cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from source_snow_atlas import definitions

MONTHS, DAYS = 12, 90
"""Months and days that are read without a start date, as in manifest.yaml."""
NO_REQUEST = "no request: the identity token has it"


def permissions(stream: str) -> list[str]:
    """Return the permissions, of which one is enough, or an empty list if the vendor names none."""
    declared = _definition(stream).get("permission", ())
    return [declared] if isinstance(declared, str) else sorted(declared)


def permission_text(stream: str) -> str:
    """Return the permissions as a condition, or why there is none."""
    names = " or ".join(f"`{name}`" for name in permissions(stream))
    return names or ("none named by the vendor" if "path" in _definition(stream) else "none")


def primary_key(stream: str) -> str:
    """Return the fields of the primary key; for `recordKey` also the fields it is made of."""
    key = definitions.stream_definitions()[stream].get("primary_key", ())
    names = ", ".join(f"`{name}`" for name in ([key] if isinstance(key, str) else key))
    if parts := _definition(stream).get("record_key"):
        names += f" (made of {_listed([f'`{part}`' for part in parts])})"
    return names or "none"


def sync_modes(stream: str) -> str:
    """Return the sync modes, with the cursor of an incremental stream."""
    cursor = _definition(stream).get("cursor_field")
    return f"full refresh; incremental on `{cursor}`" if cursor else "full refresh"


def cost(stream: str) -> str:
    """Return the number of requests that reading the stream takes."""
    definition = _definition(stream)
    if "path" not in definition:
        return NO_REQUEST
    if "parents" in definition:
        return f"one request per {_parents(definition)}" + (
            ", more if it has more than one page" if definition.get("page_parameters", True) else ""
        )
    if "window_format" in definition:
        return f"one request per calendar month since the start date, {MONTHS} without one"
    if definition.get("cursor_filter") == "window":
        first = f"one request per day since the start date, {DAYS} without one"
        return f"{first}; afterwards per day since the last sync"
    if not definition.get("page_parameters", True):
        # A stream with a primary key has many rows; its reply may have pages although none are declared.
        paged = "primary_key" in definitions.stream_definitions()[stream] and "items_field" not in definition
        return "one request" + (", more if the reply may have further pages" if paged else "")
    return "one request per page: N / `page_size` for N records"


def short_cost(stream: str) -> str:
    """Return the cost in one or two words, for the index."""
    definition = _definition(stream)
    if "path" not in definition:
        return "none"
    if "parents" in definition:
        return "per parent"
    if "window_format" in definition:
        return "per month"
    if definition.get("cursor_filter") == "window":
        return "per day"
    return "per page" if definition.get("page_parameters", True) else "one"


def parents(stream: str) -> list[str]:
    """Return the streams that the parent keys come from, directly or through a key collection."""
    found: list[str] = []
    for name in definitions.parent_streams(stream):
        found += parents(name) if name in definitions.key_collections() else [name]
    return list(dict.fromkeys(found))


def ancestors(stream: str) -> list[str]:
    """Return all streams and key collections that have to be read first."""
    found: list[str] = []
    for name in definitions.parent_streams(stream):
        found += [name, *ancestors(name)]
    return list(dict.fromkeys(found))


def _parents(definition: Mapping[str, Any]) -> str:
    entries = definition["parents"]
    if any("asset_kind" in entry for entry in entries):
        return "record of the asset kinds that the option `asset_kinds` names"
    names = [_parent(entry) for entry in entries]
    if len(entries) > 1:
        (field,) = {partition for entry in entries for partition in entry["keys"]}
        text = f"different `{field}` of {_listed(names)}"
    else:
        text = f"record of {names[0]}"
    if values := definition.get("values_from"):
        text += f", times the values of the option {_listed([f'`{option}`' for option in values.values()])}"
    return text


def _parent(entry: Mapping[str, Any]) -> str:
    name = entry["stream"]
    if name in definitions.key_collections():
        holder = definitions.key_collections()[name]
        return f"`{holder['path']}`, which is read once per {_parents(holder)}"
    condition = f" whose `{entry['where']}` is not false" if "where" in entry else ""
    condition = f" without `{entry['lacking']}`" if "lacking" in entry else condition
    return f"`{name}`{condition}"


def _definition(name: str) -> Mapping[str, Any]:
    return definitions.key_collections().get(name) or definitions.parameters(name)


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
