"""The made-up company whose software estate the sandbox serves.

An `Estate` is determined by the number of computers, a seed and the present day; `as_of` shows the same
company as it was on an earlier day. Its tables are built on first use, from generators seeded by name, so
that the content of a table does not depend on the order in which tables are built. The modules of this
package define the tables: a function marked with `@table("name")` returns the rows of one. The company is
plausible; with `ugly`, functions marked with `@spoiler("name")` add odd data for tests.
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
"""The builders of all tables, by name."""

SPOILERS: dict[str, Spoiler] = {}
"""The functions that change the tables of an ugly company, by name of the table."""


class Change(NamedTuple):
    """One difference of the company between two days.

    `id` is that of the record; for a seat it is the subscription's, and `of` is the user's. `quantity` is the
    number of installations, licences or computers concerned. `day` is when the change happened, if known.
    """

    kind: str
    id: str
    name: str
    quantity: int
    day: str | None = None
    of: str | None = None


Comparison = Callable[["Estate", "Estate"], Iterable[Change]]

COMPARISONS: list[Comparison] = []
"""The functions that find the differences between two days."""

# Number of months for which the company's past is known.
MOST_MONTHS = 23


def _change(name: str) -> Any:
    """Return the method of `list` with this name, which also increments the version."""

    def change(rows: "Table", *arguments: Any) -> Any:
        rows.version += 1
        return getattr(super(Table, rows), name)(*arguments)

    return change


class Table(list[Row]):
    """Rows of one table, with a version that increases whenever rows are added or removed.

    The control API adds and removes rows while a client reads. The indexes of an estate compare versions to
    detect that they are stale.
    """

    version = 0
    append, extend, insert = _change("append"), _change("extend"), _change("insert")
    remove, pop, clear = _change("remove"), _change("pop"), _change("clear")
    __iadd__, __setitem__, __delitem__ = _change("__iadd__"), _change("__setitem__"), _change("__delitem__")


class _Attribute:
    """Attribute of an estate that returns the table of the same name."""

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
        self.days_back = (today - self.now) / timedelta(days=1)
        """Number of days from the day that is shown to the present."""
        if self.days_back < 0:
            raise ValueError("as_of is after the present")
        self._present: Estate | None = None
        # Formatting a datetime without a time zone is faster.
        self._now_without_zone = self.now.replace(tzinfo=None)
        self._today_without_zone = today.replace(tzinfo=None)
        self._tables: dict[str, Table] = {}
        self._facts: dict[str, Any] = {}
        self._indexes: dict[tuple[str, str], tuple[int, dict[Any, Any]]] = {}

    @property
    def present(self) -> "Estate":
        """Return the same company today; what was bought earlier was bought for what exists today."""
        if not self.days_back:
            return self
        if self._present is None:
            today = self.now + timedelta(days=self.days_back)
            self._present = Estate(self.size, self.seed, today, ugly=self.ugly)
        return self._present

    def at(self, as_of: datetime) -> "Estate":
        """Return the same company as it was on a day."""
        present = self.present
        earlier = Estate(self.size, self.seed, present.now, as_of=as_of, ugly=self.ugly)
        earlier._present = present
        return earlier

    def month_ends(self, months: int) -> list[datetime]:
        """Return the ends of this many months before the present, then the present, earliest first."""
        if not 0 <= months <= MOST_MONTHS:
            raise ValueError(f"the company is known for the last {MOST_MONTHS} months")
        ends = [self.present.now]
        for _ in range(months):
            first = ends[-1].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            ends.append(first - timedelta(days=1))
        return ends[::-1]

    def changes_since(self, earlier: "Estate") -> list[Change]:
        """Return the differences of the company from an earlier day."""
        return sorted(change for compare in COMPARISONS for change in compare(earlier, self))

    def random(self, *names: object) -> Random:
        """Return a generator that depends only on the seed and the names."""
        return Random(f"{self.seed}/{'/'.join(map(str, names))}")

    def draws(self, *names: object) -> tuple[float, ...]:
        """Return eight random numbers that depend only on the seed and the names; this is fast."""
        text = f"{self.seed}/{'/'.join(map(str, names))}"
        digest = hashlib.blake2b(text.encode(), digest_size=32).digest()
        return tuple(number / 2**32 for number in struct.unpack("<8I", digest))

    def guid(self, *names: object) -> str:
        """Return the GUID of these names, always the same for the same seed."""
        text = f"{self.seed}/{'/'.join(map(str, names))}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"

    def random_time(self, rng: Random, days: float) -> str:
        """Return a random time within the last `days`, to the second, in the vendor's format."""
        return self.ago(rng.random() * days)

    def ago(self, days: float) -> str:
        """Return the time this many days before the day that is shown, to the second."""
        return (self._now_without_zone - timedelta(seconds=int(days * 86400))).isoformat() + "Z"

    def day(self, days: float) -> str:
        """Return the time this many days before the present, whichever day is shown."""
        return (self._today_without_zone - timedelta(seconds=int(days * 86400))).isoformat() + "Z"

    def table(self, name: str, build: Builder) -> Table:
        """Return the named table, built on first use; later calls return the same list."""
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = Table(build(self))
        return table

    def built(self, name: str) -> Table:
        """Return a table by name, built on first use."""
        table = self._tables.get(name)
        if table is None:
            table = self.table(name, BUILDERS[name])
            if self.ugly and name in SPOILERS:
                SPOILERS[name](self, table)
        return table

    @property
    def tables(self) -> Mapping[str, Table]:
        """Return the tables built so far, by name."""
        return self._tables

    def by_id(self, name: str, field: str = "id") -> dict[str, Row]:
        """Return the rows of a table by id."""
        return self._index(name, field, lambda table: {row[field]: row for row in table})

    def grouped(self, name: str, field: str) -> dict[Any, list[Row]]:
        """Return the rows of a table, grouped by the value of one field, such as a reference to a parent."""

        def gather(table: Table) -> dict[Any, list[Row]]:
            groups: dict[Any, list[Row]] = {}
            for row in table:
                groups.setdefault(row[field], []).append(row)
            return groups

        return self._index(name, f"*{field}", gather)

    def where(self, name: str, field: str, value: object) -> list[Row]:
        """Return the rows of a table whose field has the value."""
        return self.grouped(name, field).get(value, [])

    def asset_ids(self, kind: str) -> list[str]:
        """Return the ids of all assets of a kind, such as computers; assets can have files and links."""
        return [row["id"] for row in self.built(kind)]

    def cached(self, name: str, make: Callable[["Estate"], Any]) -> Any:
        """Return the result of a function of this estate, computed once."""
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
    """Register a function as the builder of a table; calling it then returns the table, built once."""

    def register(build: Builder) -> Callable[[Estate], Table]:
        BUILDERS[name] = build
        return lambda estate: estate.built(name)

    return register


def spoiler(name: str) -> Callable[[Spoiler], Spoiler]:
    """Register a function that changes the rows of a table of an ugly company right after it is built."""

    def register(spoil: Spoiler) -> Spoiler:
        SPOILERS[name] = spoil
        return spoil

    return register


def comparison(compare: Comparison) -> Comparison:
    """Register a function that finds differences between two days."""
    COMPARISONS.append(compare)
    return compare


def timestamp(time: datetime) -> str:
    """Return a time in the vendor's format: RFC 3339 in UTC."""
    return time.replace(tzinfo=None).isoformat() + "Z"
