"""What a stream's definition says of reading it, in words: endpoint, permission, key, sync modes, parents and
cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from source_snow_atlas import definitions

MONTHS, DAYS = 12, 90
"""How far back windows go without a start date, as manifest.yaml says."""
NO_REQUEST = "no request: the identity token tells it"


def permissions(stream: str) -> list[str]:
    """The permissions any one of which gives the stream; none where the vendor's files name none."""
    declared = _definition(stream).get("permission", ())
    return [declared] if isinstance(declared, str) else sorted(declared)


def permission_text(stream: str) -> str:
    """The permissions as a condition; a stream without endpoint, and one of which no file tells, need none to
    be granted.
    """
    names = " or ".join(f"`{name}`" for name in permissions(stream))
    return names or ("none named by the vendor" if "path" in _definition(stream) else "none")


def primary_key(stream: str) -> str:
    """The fields of the primary key; of `recordKey` the fields it is made from."""
    key = definitions.stream_definitions()[stream].get("primary_key", ())
    names = ", ".join(f"`{name}`" for name in ([key] if isinstance(key, str) else key))
    if parts := _definition(stream).get("record_key"):
        names += f" (made of {_listed([f'`{part}`' for part in parts])})"
    return names or "none"


def sync_modes(stream: str) -> str:
    """Full refresh, and the cursor where the stream can be read incrementally."""
    cursor = _definition(stream).get("cursor_field")
    return f"full refresh; incremental on `{cursor}`" if cursor else "full refresh"


def is_per_parent(stream: str) -> bool:
    """Whether each record of another stream costs a request."""
    return bool(definitions.parent_streams(stream))


def cost(stream: str) -> str:
    """How many requests reading it takes."""
    definition = _definition(stream)
    if "path" not in definition:
        return NO_REQUEST
    if "parents" in definition:
        return f"one request per {_parents(definition)}" + (
            ", more where it has more than a page" if definition.get("page_parameters", True) else ""
        )
    if "window_format" in definition:
        return f"one request per calendar month since the start date, {MONTHS} without one"
    if definition.get("cursor_filter") == "window":
        return (
            f"one request per day since the start date, {DAYS} without one; afterwards per day since the "
            "last sync"
        )
    if not definition.get("page_parameters", True):
        # a stream with a key has many rows: its reply may announce pages although it declares no parameters
        # for them
        paged = "primary_key" in definitions.stream_definitions()[stream] and "items_field" not in definition
        return "one request" + (", more where the reply announces further pages" if paged else "")
    return "one request per page: N / `page_size` for N records"


def short_cost(stream: str) -> str:
    """The same in a word or two, for the index."""
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
    """The streams that the parent keys come from; a key collection in between is looked through."""
    found: list[str] = []
    for name in definitions.parent_streams(stream):
        found += parents(name) if name in definitions.key_collections() else [name]
    return list(dict.fromkeys(found))


def ancestors(stream: str) -> list[str]:
    """All streams and key collections that have to be read before it."""
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
        return f"`{holder['path']}`, which itself is read once per {_parents(holder)}"
    condition = f" whose `{entry['where']}` is true" if "where" in entry else ""
    condition = f" without `{entry['lacking']}`" if "lacking" in entry else condition
    return f"`{name}`{condition}"


def _definition(name: str) -> Mapping[str, Any]:
    return definitions.key_collections().get(name) or definitions.parameters(name)


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
