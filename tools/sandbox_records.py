"""Expected records of a sync of the sandbox, computed from the sandbox's own rows without the connector.

Tests compare syncs with them record by record, and the report builds its earlier months from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any
from urllib.parse import quote

from sandbox import Sandbox
from sandbox.api.errors import ApiError
from source_snow_atlas import definitions

Record = dict[str, Any]
Partition = dict[str, Any]


class Expected:
    """Expected records of streams. `asset_kinds` and `insight_rule_ids` are those of the configuration."""

    def __init__(
        self, sandbox: Sandbox, asset_kinds: Sequence[str] = (), insight_rule_ids: Sequence[str] = ()
    ) -> None:
        self._sandbox = sandbox
        self._asset_kinds = asset_kinds
        self._options = {"insight_rule_ids": insight_rule_ids}
        self._read: dict[str, Any] = {}

    def records(self, stream: str) -> list[Record]:
        """Return the records of a stream that is not read by time windows."""
        holder = _definition(stream)
        return [
            completed(row, partition)
            for partition in self.partitions(stream)
            for row in self.rows(fill(holder["path"], partition))
        ]

    def partitions(self, stream: str) -> list[Partition]:
        """Return the parents that a stream is read for, or one empty partition if it has none."""
        holder = _definition(stream)
        if not holder.get("parents"):
            return [{}]
        options = [
            [(name, value) for value in self._options[option]]
            for name, option in holder.get("values_from", {}).items()
        ]
        found: dict[tuple[Any, ...], Partition] = {}
        for parent in holder["parents"]:
            if parent.get("asset_kind") and parent["asset_kind"] not in self._asset_kinds:
                continue
            for row in self._parent_rows(parent["stream"]):
                if parent.get("where") and row.get(parent["where"]) is not True:
                    continue
                if parent.get("lacking") and isinstance(row.get(parent["lacking"]), list):
                    continue
                for keys in _keys(row, parent["keys"]):
                    for values in product(*options):
                        partition = {**keys, **dict(values)}
                        found[tuple(partition.values())] = partition
        return list(found.values())

    def rows(self, path: str) -> list[Record]:
        """Return all rows that the API holds at a path, or an empty list for a 404."""
        if path not in self._read:
            try:
                held = self._sandbox.rows(path)
            except ApiError as error:
                if error.status != 404:
                    raise
                held = []
            self._read[path] = held if isinstance(held, list) else [held]
        rows: list[Record] = self._read[path]
        return rows

    def _parent_rows(self, name: str) -> Iterator[Record]:
        holder = _definition(name)
        for partition in self.partitions(name):
            for row in self.rows(fill(holder["path"], partition)):
                yield {**partition, **row}


def fill(path: str, partition: Mapping[str, Any]) -> str:
    """Return the path of one parent."""
    for name, value in partition.items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    return path


def completed(row: Mapping[str, Any], added: Mapping[str, Any]) -> Record:
    """Return a row with the fields of its partition that the row lacks or has as null."""
    return {**row, **{name: value for name, value in added.items() if row.get(name) is None}}


def _definition(name: str) -> Mapping[str, Any]:
    return definitions.key_collections().get(name) or definitions.parameters(name)


def _keys(row: Record, wanted: Mapping[str, str]) -> Iterator[Partition]:
    names = list(wanted)
    if len(names) == 1 and "." in wanted[names[0]]:
        outer, inner = wanted[names[0]].split(".")
        yield from ({names[0]: item[inner]} for item in row.get(outer) or ())
        return
    keys = {name: row.get(field) for name, field in wanted.items()}
    if None not in keys.values():
        yield keys
