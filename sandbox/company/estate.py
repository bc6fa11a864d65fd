"""The made-up company whose software estate the sandbox serves.

An `Estate` is determined by the number of computers, a seed and a reference time. Its tables are built on
first use, from generators seeded by name: what a table holds does not depend on which ones were built before.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, SupportsIndex, overload

Row = dict[str, Any]


class Table(list[Row]):
    """The rows of one table, with a version that moves whenever rows come or go.

    The control API adds and removes rows while a client reads; the indexes an estate keeps compare versions
    to notice that they are stale.
    """

    version = 0

    def append(self, row: Row) -> None:
        self.version += 1
        super().append(row)

    def extend(self, rows: Iterable[Row]) -> None:
        self.version += 1
        super().extend(rows)

    def __iadd__(self, rows: Iterable[Row]) -> "Table":  # type: ignore[misc,override]
        self.extend(rows)
        return self

    def insert(self, index: SupportsIndex, row: Row) -> None:
        self.version += 1
        super().insert(index, row)

    def remove(self, row: Row) -> None:
        self.version += 1
        super().remove(row)

    def pop(self, index: SupportsIndex = -1) -> Row:
        self.version += 1
        return super().pop(index)

    def clear(self) -> None:
        self.version += 1
        super().clear()

    @overload
    def __setitem__(self, index: SupportsIndex, value: Row) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Row]) -> None: ...
    def __setitem__(self, index: Any, value: Any) -> None:
        self.version += 1
        super().__setitem__(index, value)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        self.version += 1
        super().__delitem__(index)


class Estate:
    """All tables of the made-up company; rows hold the full detail record under the vendor's field names."""

    def __init__(self, computers: int = 60, seed: int = 1, now: datetime | None = None) -> None:
        self.size = computers
        self.seed = seed
        midnight = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        self.now = midnight if now is None else now.astimezone(timezone.utc).replace(microsecond=0)
        self._now_without_zone = self.now.replace(tzinfo=None)  # times are printed often: this is quicker
        self._tables: dict[str, Table] = {}
        self._indexes: dict[tuple[str, str], tuple[int, dict[Any, Any]]] = {}

    def random(self, *names: object) -> Random:
        """A generator that depends on the seed and the names alone."""
        return Random(f"{self.seed}/{'/'.join(map(str, names))}")

    def guid(self, *names: object) -> str:
        """The GUID that belongs to these names, the same every time for the same seed."""
        text = f"{self.seed}/{'/'.join(map(str, names))}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"

    def moment(self, rng: Random, days_back: float) -> str:
        """A random time within the last `days_back` days, to the second, as the vendor prints it."""
        return self.ago(rng.random() * days_back)

    def ago(self, days: float) -> str:
        """The time this many days before the reference time, to the second."""
        return (self._now_without_zone - timedelta(seconds=int(days * 86400))).isoformat() + "Z"

    def table(self, name: str, build: Callable[["Estate"], Iterable[Row]]) -> Table:
        """The named table: built once, then always the same list, whatever has happened to its rows since."""
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = Table(build(self))
        return table

    def built(self, name: str) -> Table:
        """A table by name: those of `estate_tables` are built when needed, all others must have been."""
        if name not in self._tables:
            from sandbox.company.tables import BUILDERS  # it imports this module

            return self.table(name, BUILDERS[name])
        return self._tables[name]

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables built so far, by name."""
        return self._tables

    def by_id(self, table_name: str, field: str = "id") -> dict[str, Row]:
        """The rows of a built table by their id."""
        table = self.built(table_name)
        version, index = self._indexes.get((table_name, field), (-1, {}))
        if version != table.version:
            index = {row[field]: row for row in table}
            self._indexes[table_name, field] = table.version, index
        return index

    def grouped(self, table_name: str, field: str) -> dict[str, list[Row]]:
        """The rows of a built table, gathered by the value of one field (a reference to a parent)."""
        table = self.built(table_name)
        version, groups = self._indexes.get((table_name, f"*{field}"), (-1, {}))
        if version != table.version:
            groups = {}
            for row in table:
                groups.setdefault(row[field], []).append(row)
            self._indexes[table_name, f"*{field}"] = table.version, groups
        return groups

    def asset_ids(self, kind: str) -> list[str]:
        """The ids of all assets of a kind (computers, licenses, …) that can have files and links."""
        from sandbox.company.assets import ASSETS  # it imports this module

        return [row["id"] for row in ASSETS[kind][1](self)]

    @property
    def organizations(self) -> Table:
        return self.built("organizations")

    @property
    def users(self) -> Table:
        return self.built("users")

    @property
    def computers(self) -> Table:
        return self.built("computers")

    @property
    def mobile_devices(self) -> Table:
        return self.built("mobile_devices")

    @property
    def applications(self) -> Table:
        return self.built("applications")

    @property
    def application_families(self) -> Table:
        return self.built("application_families")

    @property
    def application_bundles(self) -> Table:
        """Which applications a bundle is made of: `id` is the bundle, `childId` a part of it."""
        return self.built("application_bundles")

    @property
    def application_groups(self) -> Table:
        """Which applications a group gathers: `id` is the group, `childId` a member of it."""
        return self.built("application_groups")

    @property
    def metrics(self) -> Table:
        return self.built("metrics")

    @property
    def datacenters(self) -> Table:
        return self.built("datacenters")


def stamp(moment: datetime) -> str:
    """A time as the vendor prints it: RFC 3339 in UTC."""
    return moment.replace(tzinfo=None).isoformat() + "Z"
