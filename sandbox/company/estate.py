"""The made-up company whose software estate the sandbox serves.

An `Estate` is determined by the number of computers, a seed and the present day; `as_of` shows the same
company as it was on an earlier day. Its tables are built on first use, from generators seeded by name: what a
table holds does not depend on which ones were built before. The modules of this package say what the tables
hold: a function marked with `@table("name")` gives its rows. The company is plausible; `ugly` adds what tests
need besides, by functions marked with `@spoiler("name")`.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, NamedTuple

Row = dict[str, Any]
Builder = Callable[["Estate"], Iterable[Row]]
Spoiler = Callable[["Estate", list[Row]], None]

BUILDERS: dict[str, Builder] = {}
"""What builds the tables, by their names."""

SPOILERS: dict[str, Spoiler] = {}
"""What changes the rows of tables of an ugly company, by their names."""


class Change(NamedTuple):
    """One thing that is different in the company between two days.

    `id` is that of the record (of a seat the subscription's, with the user's as `of`), `quantity` how many
    installations, licences or computers with the software it concerns, and `day` when it happened, where that
    is known.
    """

    kind: str
    id: str
    name: str
    quantity: int
    day: str | None = None
    of: str | None = None


Comparison = Callable[["Estate", "Estate"], Iterable[Change]]

COMPARISONS: list[Comparison] = []
"""What finds the changes between the company of one day and that of a later one."""

# How far back the company is known.
MOST_MONTHS = 23


def _change(name: str) -> Any:
    """The method of a list, counted as a change."""

    def change(rows: "Table", *arguments: Any) -> Any:
        rows.version += 1
        return getattr(super(Table, rows), name)(*arguments)

    return change


class Table(list[Row]):
    """The rows of one table, with a version that moves whenever rows come or go.

    The control API adds and removes rows while a client reads; the indexes an estate keeps compare versions
    to notice that they are stale.
    """

    version = 0
    append, extend, insert = _change("append"), _change("extend"), _change("insert")
    remove, pop, clear = _change("remove"), _change("pop"), _change("clear")
    __iadd__, __setitem__, __delitem__ = _change("__iadd__"), _change("__setitem__"), _change("__delitem__")


class _Attribute:
    """A table that an estate has as an attribute of the same name."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, estate: "Estate", _owner: type) -> Table:
        return estate.built(self._name)


class Estate:
    """All tables of the made-up company; rows hold the full detail record under the vendor's field names."""

    organizations = _Attribute()
    users = _Attribute()
    computers = _Attribute()
    mobile_devices = _Attribute()
    datacenters = _Attribute()
    applications = _Attribute()
    application_families = _Attribute()
    application_bundles = _Attribute()
    application_groups = _Attribute()
    metrics = _Attribute()

    def __init__(
        self,
        computers: int = 60,
        seed: int = 1,
        now: datetime | None = None,
        *,
        as_of: datetime | None = None,
        ugly: bool = False,
    ) -> None:
        self.size = computers
        self.seed = seed
        self.ugly = ugly
        midnight = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        today = midnight if now is None else now.astimezone(timezone.utc).replace(microsecond=0)
        self.now = today if as_of is None else as_of.astimezone(timezone.utc).replace(microsecond=0)
        self.behind = (today - self.now) / timedelta(days=1)
        """How many days before the present the company is shown as of."""
        if self.behind < 0:
            raise ValueError("as_of lies after the present")
        self._present: Estate | None = None
        # Times are printed often, and without a zone that is quicker.
        self._now_without_zone = self.now.replace(tzinfo=None)
        self._today_without_zone = today.replace(tzinfo=None)
        self._tables: dict[str, Table] = {}
        self._facts: dict[str, Any] = {}
        self._indexes: dict[tuple[str, str], tuple[int, dict[Any, Any]]] = {}

    @property
    def present(self) -> "Estate":
        """The same company today: what was bought in the past was bought for what is there now."""
        if not self.behind:
            return self
        if self._present is None:
            today = self.now + timedelta(days=self.behind)
            self._present = Estate(self.size, self.seed, today, ugly=self.ugly)
        return self._present

    def at(self, as_of: datetime) -> "Estate":
        """The same company as it was on a day."""
        present = self.present
        earlier = Estate(self.size, self.seed, present.now, as_of=as_of, ugly=self.ugly)
        earlier._present = present
        return earlier

    def month_ends(self, months: int) -> list[datetime]:
        """The ends of so many months before the present, and the present: the earliest first."""
        if not 0 <= months <= MOST_MONTHS:
            raise ValueError(f"the company is known for the last {MOST_MONTHS} months")
        ends = [self.present.now]
        for _ in range(months):
            first = ends[-1].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            ends.append(first - timedelta(days=1))
        return ends[::-1]

    def changes_since(self, earlier: "Estate") -> list[Change]:
        """What is different in the company since an earlier day."""
        return sorted(change for compare in COMPARISONS for change in compare(earlier, self))

    def random(self, *names: object) -> Random:
        """A generator that depends on the seed and the names alone."""
        return Random(f"{self.seed}/{'/'.join(map(str, names))}")

    def draws(self, *names: object) -> tuple[float, ...]:
        """Eight random numbers that depend on the seed and the names alone: far quicker than a generator."""
        text = f"{self.seed}/{'/'.join(map(str, names))}"
        digest = hashlib.blake2b(text.encode(), digest_size=32).digest()
        return tuple(number / 2**32 for number in struct.unpack("<8I", digest))

    def guid(self, *names: object) -> str:
        """The GUID that belongs to these names, the same every time for the same seed."""
        text = f"{self.seed}/{'/'.join(map(str, names))}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"

    def moment(self, rng: Random, days_back: float) -> str:
        """A random time within the last `days_back` days, to the second, as the vendor prints it."""
        return self.ago(rng.random() * days_back)

    def ago(self, days: float) -> str:
        """The time this many days before the day that the company is shown as of, to the second."""
        return (self._now_without_zone - timedelta(seconds=int(days * 86400))).isoformat() + "Z"

    def day(self, days: float) -> str:
        """The time this many days before the present, whichever day the company is shown as of."""
        return (self._today_without_zone - timedelta(seconds=int(days * 86400))).isoformat() + "Z"

    def table(self, name: str, build: Builder) -> Table:
        """The named table: built once, then always the same list, whatever has happened to its rows since."""
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = Table(build(self))
        return table

    def built(self, name: str) -> Table:
        """A table by name; it is built when it is needed first."""
        table = self._tables.get(name)
        if table is None:
            table = self.table(name, BUILDERS[name])
            if self.ugly and name in SPOILERS:
                SPOILERS[name](self, table)
        return table

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables built so far, by name."""
        return self._tables

    def by_id(self, name: str, field: str = "id") -> dict[str, Row]:
        """The rows of a table by their id."""
        return self._index(name, field, lambda table: {row[field]: row for row in table})

    def grouped(self, name: str, field: str) -> dict[Any, list[Row]]:
        """The rows of a table, gathered by the value of one field (a reference to a parent)."""

        def gather(table: Table) -> dict[Any, list[Row]]:
            groups: dict[Any, list[Row]] = {}
            for row in table:
                groups.setdefault(row[field], []).append(row)
            return groups

        return self._index(name, f"*{field}", gather)

    def where(self, name: str, field: str, value: object) -> list[Row]:
        """The rows of a table whose field has the value."""
        return self.grouped(name, field).get(value, [])

    def asset_ids(self, kind: str) -> list[str]:
        """The ids of all assets of a kind (computers, licenses, …): what can have files and links."""
        return [row["id"] for row in self.built(kind)]

    def cached(self, name: str, make: Callable[["Estate"], Any]) -> Any:
        """What a function finds out from what never changes: found out once."""
        if name not in self._facts:
            self._facts[name] = make(self)
        return self._facts[name]

    def _index(self, name: str, kind: str, make: Callable[[Table], dict[Any, Any]]) -> dict[Any, Any]:
        table = self.built(name)
        version, index = self._indexes.get((name, kind), (-1, {}))
        if version != table.version:
            index = make(table)
            self._indexes[name, kind] = table.version, index
        return index


def table(name: str) -> Callable[[Builder], Callable[[Estate], Table]]:
    """Make a function that gives rows the builder of a table; calling it then gives the table, built once."""

    def register(build: Builder) -> Callable[[Estate], Table]:
        BUILDERS[name] = build
        return lambda estate: estate.built(name)

    return register


def spoiler(name: str) -> Callable[[Spoiler], Spoiler]:
    """Make a function change the rows of a table of an ugly company, right after they are built."""

    def register(spoil: Spoiler) -> Spoiler:
        SPOILERS[name] = spoil
        return spoil

    return register


def comparison(compare: Comparison) -> Comparison:
    """Make a function one of those that find what is different between two days."""
    COMPARISONS.append(compare)
    return compare


def stamp(moment: datetime) -> str:
    """A time as the vendor prints it: RFC 3339 in UTC."""
    return moment.replace(tzinfo=None).isoformat() + "Z"
