"""Scenarios: the sandbox's company as it is, and with data that is hard for SQL."""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from integration_tests.helpers.expected import Expected, Record, completed
from integration_tests.helpers.warehouse_loader import utc_timestamp
from sandbox import Sandbox
from sandbox.company.estate import Estate
from source_snow_atlas import definitions
from tools.dbt_staging import columns, primary_key, staged_streams

NOW = datetime(2026, 11, 15, tzinfo=timezone.utc)
TODAY = NOW.date()
COMPUTERS = 60
MONTHS_OF_KEY_FIGURES = 3
RATES = {"USD": Decimal("0.92"), "GBP": Decimal("1.15"), "SEK": Decimal("0.088")}

CLOCKS = {
    *(
        "lastScanDate",
        "purchaseDate",
        "biosDate",
        "endOfSupportDate",
        "endOfExtendedSupportDate",
        "endOfLifeDate",
    ),
    *("firstDiscovered", "lastUsed", "lastUsedDate", "lastActive", "lastActivity", "validFrom", "validTo"),
    *("subscriptionValidFrom", "subscriptionValidTo", "startDate", "expirationDate"),
}
"""Dates by which marts count."""

Rows = Mapping[str, list[Record]]


@dataclass(frozen=True)
class Scenario:
    """Rows of each stream under the vendor's field names, and variables for dbt.

    A stream that is not among the rows was not synced: it has no table.
    """

    name: str
    rows: Rows
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    currency: str | None = None
    saas_currency: str | None = None
    today: date = TODAY
    _shown: dict[str, list[Record]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _indexes: dict[tuple[str, str], dict[Any, Record]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __getitem__(self, stream: str) -> list[Record]:
        """Return the rows of a stream as marts show them; none if it was not synced."""
        if stream not in self._shown:
            self._shown[stream] = [shown(stream, row) for row in self.rows.get(stream, [])]
        return self._shown[stream]

    def staged(self, stream: str) -> list[Record]:
        """Return the rows of a stream as its staging model shows them."""
        kinds = {column.field: column.type for column in columns(stream) if not column.within}
        return [
            {
                name: known(value, kinds.get(name, "")) if isinstance(value, str) else value
                for name, value in row.items()
            }
            for row in self.rows.get(stream, [])
        ]

    def by_id(self, stream: str, key: str = "id") -> dict[Any, Record]:
        """Return the rows of a stream by their id."""
        if (stream, key) not in self._indexes:
            self._indexes[stream, key] = {row[key]: row for row in self[stream]}
        return self._indexes[stream, key]

    def money(
        self, amount: float | Decimal | None, currency: str | None
    ) -> tuple[Decimal | None, str | None]:
        """Return what the macros `money` and `money_currency` should return."""
        code = currency.upper() if currency is not None else None
        exact = None if amount is None else Decimal(str(amount))
        if code not in self.rates:
            return exact, code
        return None if exact is None else exact * self.rates[code], self.currency

    @property
    def variables(self) -> dict[str, Any]:
        """Return the variables for dbt."""
        variables: dict[str, Any] = {"snow_atlas_today": self.today.isoformat()}
        if self.rates:
            variables["snow_atlas_rates"] = {code: float(rate) for code, rate in self.rates.items()}
            variables["snow_atlas_currency"] = self.currency
        if self.saas_currency:
            variables["snow_atlas_saas_currency"] = self.saas_currency
        return variables


def shown(stream: str, row: Record) -> Record:
    """Return a row without dates that mean none to marts, and with currency codes."""
    values = {
        column.field: day_or_none(known(row[column.field], column.type), column.type)
        for column in columns(stream)
        if not column.within and isinstance(row.get(column.field), str)
    }
    return {**row, **values}


def day_or_none(value: Any, kind: str) -> Any:
    """Return None for the first days of clocks, in 1900, 1970 and 1980, else the day."""
    is_date = kind in ("date", "timestamp") and value is not None
    return None if is_date and value[:10] <= "1980-01-01" else value


def known(value: Any, kind: str) -> Any:
    """Return a value as a staging model shows it: the years 1 and 9999 become null."""
    if kind == "currency":
        return value.strip().upper() or None
    if kind not in ("date", "timestamp") or value is None:
        return value
    try:
        utc_timestamp(value)
    except ValueError:
        return None
    return value if 1900 <= utc_timestamp(value).year <= 9990 else None


def company(ugly: bool = True) -> Rows:
    """Return the rows of every stream that the package knows, as a sync of the sandbox reads them."""
    sandbox = Sandbox(estate=Estate(computers=COMPUTERS, now=NOW, ugly=ugly))
    expected = Expected(sandbox)
    return {stream: records(sandbox, expected, stream) for stream in staged_streams()}


def records(sandbox: Sandbox, expected: Expected, stream: str) -> list[Record]:
    """Return the rows that a sync of the sandbox reads; key figures are for the months before TODAY."""
    if stream == "tenant":
        settings = sandbox.settings
        return [{"id": settings.tenant, "name": settings.tenant_name, "region": settings.region}]
    parameters = definitions.parameters(stream)
    if "window_format" not in parameters:
        return [_with_record_key(record, parameters) for record in expected.records(stream)]
    suffix = "T00:00:00Z" if parameters["window_format"] == "date_time" else ""
    found = []
    for first, last in _months():
        query = f"fromDate={first}{suffix}&toDate={min(last, TODAY)}{suffix}"
        window = {"fromDate": f"{first}{suffix}", "toDate": f"{last}{suffix}", "isComplete": last < TODAY}
        found += [completed(row, window) for row in expected.rows(f"{parameters['path']}?{query}")]
    return found


def _with_record_key(record: Record, parameters: Mapping[str, Any]) -> Record:
    """Return the record as the connector emits it, with `recordKey` if it has no key of its own."""
    if "record_key" not in parameters:
        return record
    key = [record.get(name) for name in parameters["record_key"]]
    return {**record, "recordKey": json.dumps(key, ensure_ascii=False)}


def _months() -> Iterator[tuple[date, date]]:
    for back in range(MONTHS_OF_KEY_FIGURES):
        first = date(TODAY.year, TODAY.month - back, 1)
        yield first, first.replace(day=monthrange(first.year, first.month)[1])


def key_fields(stream: str) -> set[str]:
    """Return the fields that identify a row: its key, the parts of it, and the keys of its parents."""
    parameters = definitions.parameters(stream)
    parents = parameters.get("parents", ())
    made_of = parameters.get("record_key", ())
    return {*primary_key(stream), *made_of, *(name for parent in parents for name in parent["keys"])}


def _empty(rows: Rows) -> Rows:
    return {stream: [] for stream in rows}


def _nothing_synced(rows: Rows) -> Rows:
    """Keep the tenant only, which needs no permission."""
    return {"tenant": rows["tenant"]}


def _nulls(rows: Rows) -> Rows:
    """Keep the keys only."""
    return {
        stream: [{name: row[name] for name in key_fields(stream) if name in row} for row in held]
        for stream, held in rows.items()
    }


def _two_currencies(rows: Rows) -> Rows:
    """Alternate two currencies, some in lower case, in all rows with a currency."""
    codes = ("EUR", "USD", "eur")
    return {
        stream: [
            {
                name: codes[number % 3]
                if isinstance(value, str) and name.lower().endswith("currency")
                else value
                for name, value in row.items()
            }
            for number, row in enumerate(held)
        ]
        for stream, held in rows.items()
    }


def _no_organization(rows: Rows) -> Rows:
    """Remove the organization of every second user, computer, licence and so on."""
    return {
        stream: [
            {
                name: value
                for name, value in row.items()
                if number % 2 or name != "organizationId" or name in key_fields(stream)
            }
            for number, row in enumerate(held)
        ]
        for stream, held in rows.items()
    }


def _few_streams(rows: Rows) -> Rows:
    """Remove streams whose figures others have as well; accounts share an address, organizations are
    circular.
    """
    left_out = {"computer_costs", "license_costs", "saas_application_kpis", "saas_user_subscriptions"}
    accounts = rows["user_account_details"]
    shared = [
        {**row, "email": accounts[number - number % 3].get("email")} for number, row in enumerate(accounts)
    ]
    top, below, *others = rows["organizations"]
    circle = [{**top, "parentId": below["id"]}, {**below, "parentId": top["id"]}, *others]
    kept = {stream: held for stream, held in rows.items() if stream not in left_out}
    return {**kept, "user_account_details": shared, "organizations": circle}


def _edges(rows: Rows) -> Rows:
    """Set dates on the day of a threshold, single dates, and licences that were bought several times."""
    licenses = [copy for row in rows["licenses"] for copy in _bought_again(row)]
    applications = [{**row, **_ends(number)} for number, row in enumerate(rows["applications"])]
    installed = [{**row, **_uses(number)} for number, row in enumerate(rows["computer_applications"])]
    changed = {
        **rows,
        "licenses": licenses,
        "applications": applications,
        "computer_applications": installed,
        "license_entitlements": [
            {**row, "assignmentType": kind}
            for row in rows["license_entitlements"]
            for kind in ("User", "Site")
        ],
    }
    return {
        stream: [_first_day(stream, row, number) for number, row in enumerate(held)]
        for stream, held in changed.items()
    }


def _first_day(stream: str, row: Record, number: int) -> Record:
    """Set dates of some rows to the first days of clocks, as in an empty form."""
    day = {3: "1900-01-01", 6: "1970-01-01", 9: "1980-01-01"}.get(number % 13)
    names = {column.field for column in columns(stream) if column.type in ("date", "timestamp")}
    return {
        name: f"{day}T00:00:00Z" if day and value and name in names & CLOCKS else value
        for name, value in row.items()
    }


def _bought_again(row: Record) -> Iterator[Record]:
    """Return a licence and others of its application: in another currency, in none, and some that do not
    count.
    """
    yield row
    copies: list[Record] = [
        {"purchaseCurrency": "CHF", "purchaseValue": 1000.01, "quantity": row["quantity"]},
        {"purchaseCurrency": "CHF", "purchaseValue": 99.99, "quantity": 1, "status": "Archived"},
        {"purchaseCurrency": None, "purchaseValue": 5.0, "quantity": 10000},
        {"purchaseValue": 777.0, "quantity": 0},
        {"purchaseValue": None, "quantity": 50},
    ]
    for number, copy in enumerate(copies):
        yield {**row, **copy, "id": f"{row['id']}-{number}"}


def _ends(number: int) -> Record:
    """Yield every possible pair of dates and flags for the end of an application's support."""
    days = (None, -1, 0, 365, 366)
    flags = (None, False, True)
    ends: Record = {}
    for field_name, flag in (
        ("endOfSupportDate", "isEndOfSupport"),
        ("endOfExtendedSupportDate", "isEndOfExtendedSupport"),
        ("endOfLifeDate", "isEndOfLife"),
    ):
        number, choice = divmod(number, len(days))
        ends[field_name] = None if days[choice] is None else _moment(days[choice])
        ends[flag] = flags[(number + choice) % len(flags)]
    return ends


def _uses(number: int) -> Record:
    """Yield days of last use and discovery around the threshold for unused installations."""
    days = (None, 0, -89, -90, -91)
    used, found = days[number % len(days)], days[number // len(days) % len(days)]
    return {
        "lastUsed": None if used is None else _moment(used),
        "firstDiscovered": None if found is None else _moment(found),
    }


def _moment(days: int) -> str:
    """Return a timestamp late in the evening, when the next day has begun farther east."""
    return f"{TODAY + timedelta(days=days)}T23:30:00Z"


CHANGES: Mapping[str, Callable[[Rows], Rows]] = {
    "company": lambda rows: rows,
    "empty": _empty,
    "nothing_synced": _nothing_synced,
    "nulls": _nulls,
    "two_currencies": _two_currencies,
    "rates": lambda rows: rows,
    "no_organization": _no_organization,
    "few_streams": _few_streams,
    "edges": _edges,
    "plausible": lambda _rows: company(ugly=False),
}


def scenario(name: str, rows: Rows) -> Scenario:
    """Return a scenario by name, made from the company's rows."""
    changed = CHANGES[name](rows)
    if name == "rates":
        return Scenario(name, changed, rates=RATES, currency="EUR", saas_currency="USD")
    return Scenario(name, changed)
