"""Rows that are inserted, deleted and updated while a client reads, and a record of those changes."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.api.recording import Exchange

Row = dict[str, Any]
Key = str | tuple[str, ...]
ACTIONS = ("insert", "delete", "update")


def key_of(row: Mapping[str, Any], key: Key) -> Any:
    """Return the primary key of a row: one value, or a tuple for a composite key."""
    return row[key] if isinstance(key, str) else tuple(row[name] for name in key)


@dataclass
class Operation:
    """One change of a table, made after ``after_request`` data requests (0: at once).

    ``position`` is the index in the table. A negative one counts from the end, and one beyond the end is the
    end. A delete or an update may name its row by ``key`` instead. An insert without ``row`` copies a row
    under a new key.
    """

    action: str
    table: str
    after_request: int = 0
    position: int = 0
    key: Any = None
    row: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"unknown action '{self.action}'; one of {', '.join(ACTIONS)}")


@dataclass
class RandomChurn:
    """Random changes: on average ``rate`` operations after each data request, at most ``limit`` in all."""

    table: str
    seed: int = 0
    rate: float = 1.0
    inserts: float = 1.0
    deletes: float = 1.0
    updates: float = 0.0
    limit: int | None = None
    made: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self, length: int) -> list[Operation]:
        """Return the operations to make after the next request, for a table of this length."""
        whole = int(self.rate)
        number = whole + (self._random.random() < self.rate - whole)
        operations = []
        for _ in range(number):
            if self.limit is not None and self.made >= self.limit:
                break
            action = self._random.choices(ACTIONS, (self.inserts, self.deletes, self.updates))[0]
            operations.append(Operation(action, self.table, position=self._random.randrange(max(length, 1))))
            self.made += 1
        return operations


@dataclass
class _History:
    key: Key
    initial: set[Any]
    inserted: list[Any] = field(default_factory=list)
    deleted: list[Any] = field(default_factory=list)
    updated: list[Any] = field(default_factory=list)


class Churn:
    """Planned and random changes, applied between requests and recorded.

    The record of a table starts with its first plan, or with ``watch``. ``survivors`` are the keys of the
    rows that were there at that time and still are.
    """

    def __init__(self, table: Callable[[str], list[Row]], guid: Callable[..., str]) -> None:
        self._table = table
        self._guid = guid
        self._histories: dict[str, _History] = {}
        self._planned: list[Operation] = []
        self._generators: list[RandomChurn] = []
        self._path = "*"
        self.requests = 0

    def watch(self, table: str, key: Key = "id") -> None:
        """Start recording the changes of a table; ``key`` names its primary key."""
        if table in self._histories:
            return
        try:
            rows = self._table(table)
        except KeyError as error:
            raise ValueError(
                f"the table '{table}' does not exist yet: read an operation that uses it first"
            ) from error
        self._histories[table] = _History(key, {key_of(row, key) for row in rows})

    def schedule(self, operations: Sequence[Operation], path: str = "*") -> None:
        """Plan changes; only data requests whose path or template matches ``path`` are counted."""
        self._path = path
        for operation in operations:
            self.watch(operation.table)
            if operation.after_request <= self.requests:
                self.apply(operation)
            else:
                self._planned.append(operation)

    def random(self, generator: RandomChurn, path: str = "*") -> None:
        """Change a table at random after each data request whose path or template matches ``path``."""
        self._path = path
        self.watch(generator.table)
        self._generators.append(generator)

    def stop(self) -> None:
        """Make no further changes and keep the record."""
        self._planned.clear()
        self._generators.clear()

    def reset(self) -> None:
        """Make no further changes and clear the record."""
        self.stop()
        self._histories.clear()
        self.requests = 0

    def on_reply(self, exchange: Exchange) -> None:
        """Make the changes that are due after the reply to a data request."""
        if not exchange.matches(self._path):
            return
        self.requests += 1
        due = [operation for operation in self._planned if operation.after_request <= self.requests]
        self._planned = [operation for operation in self._planned if operation.after_request > self.requests]
        for generator in self._generators:
            due += generator.draw(len(self._table(generator.table)))
        for operation in due:
            self.apply(operation)

    def apply(self, operation: Operation) -> Any:
        """Make one change now and return the key of the row, or ``None`` if there is no such row."""
        self.watch(operation.table)
        rows, history = self._table(operation.table), self._histories[operation.table]
        if operation.action == "insert":
            row = self._new_row(operation, rows, history)
            position = operation.position if operation.position >= 0 else len(rows) + 1 + operation.position
            rows.insert(max(0, min(position, len(rows))), row)
            history.inserted.append(key_of(row, history.key))
            return history.inserted[-1]
        index = self._find(operation, rows, history.key)
        if index is None:
            return None
        key = key_of(rows[index], history.key)
        if operation.action == "delete":
            del rows[index]
            history.deleted.append(key)
        else:
            rows[index] = {**rows[index], **self._changes(operation, rows[index], history)}
            history.updated.append(key)
        return key

    def survivors(self, table: str) -> set[Any]:
        """Return the keys of the rows that were there all the time since ``watch``."""
        history = self._histories[table]
        return history.initial - set(history.deleted)

    def inserted(self, table: str) -> list[Any]:
        """Return the keys of the inserted rows, in order."""
        return list(self._histories[table].inserted)

    def deleted(self, table: str) -> list[Any]:
        """Return the keys of the deleted rows, in order."""
        return list(self._histories[table].deleted)

    def updated(self, table: str) -> list[Any]:
        """Return the keys of the updated rows, in order."""
        return list(self._histories[table].updated)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as JSON values, for the control interface."""
        tables = {
            name: {
                "survivors": sorted(self.survivors(name), key=str),
                "inserted": history.inserted,
                "deleted": history.deleted,
                "updated": history.updated,
            }
            for name, history in self._histories.items()
        }
        return {"requests": self.requests, "planned": len(self._planned), "tables": tables}

    def _find(self, operation: Operation, rows: list[Row], key: Key) -> int | None:
        if operation.key is not None:
            wanted = tuple(operation.key) if isinstance(operation.key, list) else operation.key
            return next((index for index, row in enumerate(rows) if key_of(row, key) == wanted), None)
        position = operation.position if operation.position >= 0 else len(rows) + operation.position
        return position if 0 <= position < len(rows) else None

    def _new_row(self, operation: Operation, rows: list[Row], history: _History) -> Row:
        if operation.row is not None:
            return dict(operation.row)
        if not rows:
            raise ValueError(f"the table {operation.table} is empty: an insert needs its row")
        row = copy.deepcopy(rows[min(max(operation.position, 0), len(rows) - 1)])
        name = history.key if isinstance(history.key, str) else history.key[0]
        if isinstance(row[name], int):
            row[name] = max(other[name] for other in rows) + 1 + len(history.inserted)
        else:
            row[name] = self._guid("churn", operation.table, len(history.inserted))
        return row

    def _changes(self, operation: Operation, row: Row, history: _History) -> Mapping[str, Any]:
        if operation.row is not None:
            return operation.row
        changed = f"changed {len(history.updated) + 1}"
        own = (history.key,) if isinstance(history.key, str) else history.key
        texts = [name for name, value in row.items() if isinstance(value, str) and name not in own]
        name = next((name for name in texts if not name.lower().endswith(("id", "date"))), None)
        return {name: changed} if name else {}
