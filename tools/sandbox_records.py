"""What a sync of the sandbox reads, worked out from the sandbox's own rows without the connector: the answer
that tests compare with, record for record, and the months that a report looks back on.
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
    """The records of streams. `asset_kinds` and `insight_rule_ids` are those of the connector's
    configuration.
    """

    def __init__(
        self, sandbox: Sandbox, asset_kinds: Sequence[str] = (), insight_rule_ids: Sequence[str] = ()
    ) -> None:
        self._sandbox = sandbox
        self._asset_kinds = asset_kinds
        self._options = {"insight_rule_ids": insight_rule_ids}
        self._read: dict[str, Any] = {}

    def records(self, stream: str) -> list[Record]:
        """The records of a stream that is no window of time."""
        holder = _definition(stream)
        return [
            completed(row, partition)
            for partition in self.partitions(stream)
            for row in self.rows(fill(holder["path"], partition))
        ]

    def partitions(self, stream: str) -> list[Partition]:
        """The parents a stream is read for; one empty partition where it has none."""
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
        """All rows that the API holds at a path; none where there is nothing (404)."""
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
    """The path of one parent."""
    for name, value in partition.items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    return path


def completed(row: Mapping[str, Any], added: Mapping[str, Any]) -> Record:
    """A row as a record shows it: with the fields of its parent or its time where it has none of its own."""
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
