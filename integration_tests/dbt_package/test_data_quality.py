"""The mart `snow_atlas__data_quality`: each check, compared with the sandbox's rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from integration_tests.dbt_package.building import PACKAGE, Built, build
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Rows, Scenario, known
from integration_tests.dbt_package.warehouses import Warehouse
from snow_atlas_sync.report.marts import streams_of
from tools.dbt_staging import Column, columns

KEY = ("check_name",)
TOP = "00000000-0000-0000-0000-000000000000"
SILENT_DAYS = 90
DATES = ("endOfSupportDate", "endOfExtendedSupportDate", "endOfLifeDate")
FLAGS = ("isEndOfSupport", "isEndOfExtendedSupport", "isEndOfLife", "isEndOfSupportDateNotAnnounced")

Row = Mapping[str, Any]
# Id, name, whether it fails, and how many rows it stands for.
Looked = tuple[str, str | None, bool, int]


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """A check that sees nothing lends its trust to figures that do not have it."""
    found = [{name: row[name] for name in MEASURED} for row in built["snow_atlas__data_quality"]]
    assert difference(found, expected(built.scenario), KEY) == ""


def test_checks_find_and_pass(company_built: Built, build_scenario: Callable[[str], Built]) -> None:
    """A check that never finds anything, or always does, would be none."""
    statuses: dict[str, set[str]] = defaultdict(set)
    for mart in (
        company_built["snow_atlas__data_quality"],
        *(build_scenario(name)["snow_atlas__data_quality"] for name in ("nulls", "empty")),
    ):
        for row in mart:
            statuses[row["check_name"]].add(row["status"])
    of_rows = {name: seen for name, seen in statuses.items() if name in NEEDED}
    assert {status for seen in of_rows.values() for status in seen} == {"found", "clean", "nothing to check"}
    assert all("nothing to check" in seen for seen in of_rows.values())


def test_every_check_finds_what_is_wrong(warehouse: Warehouse, company_rows: Rows, tmp_path: Path) -> None:
    """Each fault is put in by hand: the company does not have all of them."""
    scenario = Scenario("faulty", faulty(company_rows))
    mart = build(scenario, warehouse, ["+snow_atlas__data_quality"], tmp_path)["snow_atlas__data_quality"]
    found = [{name: row[name] for name in MEASURED} for row in mart]
    assert difference(found, expected(scenario), KEY) == ""
    of_rows = [row for row in mart if row["check_name"] in NEEDED]
    assert [row["check_name"] for row in of_rows if row["failing"] == 0] == []
    assert [row["check_name"] for row in of_rows if row["failing"] == row["checked"]] == []
    assert [row["check_name"] for row in of_rows if not row["examples"]] == []


def test_it_names_streams_and_marts_that_there_are(company_built: Built) -> None:
    """A name that is misspelt leads nowhere."""
    for row in company_built["snow_atlas__data_quality"]:
        assert row["checked_stream"] in {*company_built.scenario.rows, None}
        assert set(row["affected_marts"].split(", ")) <= MARTS
        assert row["title"]


def test_examples_name_no_person(company_built: Built) -> None:
    """The report shows examples to all who read it."""
    people = {
        row.get(name)
        for stream in ("user_accounts", "saas_users")
        for row in company_built.scenario[stream]
        for name in ("userName", "email", "fullName", "displayName", "username")
    } - {None}
    # the ugly texts of the company are names of persons and of other things
    people -= {row.get("name") for rows in company_built.scenario.rows.values() for row in rows}
    shown = {
        each
        for row in company_built["snow_atlas__data_quality"]
        for each in (row["examples"] or "").split("; ")
    }
    assert not shown & people


def faulty(rows: Rows) -> Rows:
    """Return the company with every fault that a check finds, in some rows."""
    changes: dict[str, dict[str, Any]] = {
        "computers": {"organizationId": "gone", "hostName": "TWIN", "operatingSystem": "unheard of"},
        "computer_details": {"purchaseCurrency": None, "operatingSystemId": None},
        "computer_applications": {"applicationId": "unheard of"},
        "applications": {"metrics": [], "isNoLicenseRequired": False, **dict.fromkeys((*DATES, *FLAGS))},
        "licenses": {
            "isIncomplete": True,
            "isSubscription": True,
            **dict.fromkeys(
                ("applicationId", "metricId", "organizationId", "purchaseCurrency", "subscriptionValidTo")
            ),
        },
        "license_maintenance_periods": {"purchaseCurrency": None, "maintenanceCost": 1.5},
        "agreement_periods": {"validTo": None},
        "contract_periods": {"validTo": None},
        "saas_users": {"email": None},
        "saas_servicenow_subscriptions": {"currency": None},
        "oracle_database_installations": {"scanDate": None},
        "organizations": {"parentId": "gone"},
    }
    changed = {
        stream: [
            {**row, **changes.get(stream, {})} if number % 5 == 2 else row for number, row in enumerate(held)
        ]
        for stream, held in rows.items()
    }
    changed["licenses"] = [
        {**row, "purchaseValue": None} if number % 5 == 3 else row
        for number, row in enumerate(changed["licenses"])
    ]
    for papers in ("agreement", "contract"):
        first = changed[f"{papers}s"][0]["id"]
        changed[f"{papers}_periods"] = [row for row in changed[f"{papers}_periods"] if row["id"] != first]
    metered = {row["id"] for row in changed["applications"][::3]}
    changed["application_metrics"] = [
        row for row in rows["application_metrics"] if row["applicationId"] in metered
    ]
    changed["computer_applications"] = [
        row if row["applicationId"] in metered else {**row, "lastUsed": None}
        for row in changed["computer_applications"]
    ]
    return changed


NEEDED = {
    **dict.fromkeys(
        ("computers_not_scanned", "computers_with_same_name", "computers_without_owner"), ("computers",)
    ),
    "computers_without_organization": ("computers", "organizations"),
    "computers_with_owner_gone": ("computers", "user_accounts"),
    "computers_without_known_system": ("computers", "applications"),
    **dict.fromkeys(("computers_without_purchase", "computers_without_currency"), ("computer_details",)),
    "applications_without_metric": ("applications",),
    **dict.fromkeys(
        (
            "applications_without_support_dates",
            "applications_without_use",
            "installations_of_unlisted_applications",
        ),
        ("applications", "computer_applications"),
    ),
    **dict.fromkeys(
        (
            "licenses_incomplete",
            "licenses_without_application",
            "licenses_without_metric",
            "licenses_without_value",
            "licenses_without_currency",
            "subscriptions_without_end",
        ),
        ("licenses",),
    ),
    "licenses_without_organization": ("licenses", "organizations"),
    "maintenance_without_currency": ("license_maintenance_periods",),
    "agreements_without_end": ("agreements", "agreement_periods"),
    "contracts_without_end": ("contracts", "contract_periods"),
    "saas_users_without_account": ("saas_users", "user_accounts"),
    "saas_subscriptions_without_currency": ("saas_servicenow_subscriptions",),
    "oracle_databases_not_scanned": ("oracle_database_installations",),
    "organizations_without_parent": ("organizations",),
}
"""The streams without which a check of rows has nothing to say."""

MEASURED = ("check_name", "area", "failing", "checked", "share", "status", "examples")
MARTS = {path.stem for path in (PACKAGE / "models" / "marts").glob("*.sql")}


def expected(scenario: Scenario) -> list[dict[str, Any]]:
    areas = {
        "computers": computers,
        "software": software,
        "licences": licences,
        "agreements and contracts": papers,
        "saas": saas,
        "oracle": oracle,
        "organizations": organizations,
    }
    rows = [
        measured(name, area, list(looked) if all(scenario[stream] for stream in NEEDED[name]) else [])
        for area, checks in areas.items()
        for name, looked in checks(scenario).items()
    ]
    for row in rows:
        if not all(stream in scenario.rows for stream in NEEDED[row["check_name"]]):
            row["status"] = "not synced"
    rows += [measured("currencies_not_known", "currencies", list(currencies(scenario)))]
    of_streams = {name: measured(name, "streams", looked) for name, looked in streams(scenario).items()}
    dates = of_streams["dates_left_out"]
    if dates["checked"]:
        dates["failing"] = sum(without_dates(stream, rows) for stream, rows in scenario.rows.items())
        dates["share"] = dates["failing"] / dates["checked"]
    return [*rows, *of_streams.values()]


def without_dates(stream: str, rows: Iterable[Row]) -> int:
    """Return the number of rows with a date that means none."""
    dates = [column for column in columns(stream) if column.type in ("date", "timestamp")]
    return sum(any(is_left_out(row, column) for column in dates) for row in rows)


def is_left_out(row: Row, column: Column) -> bool:
    value = row.get(column.field)
    if column.within:
        value = (value or {}).get(column.within)
    return value is not None and known(value, column.type) is None


WITH_AMOUNTS = (
    "computer_details",
    "computer_costs",
    "licenses",
    "license_costs",
    "license_maintenance_periods",
    "application_metrics",
    "saas_servicenow_subscriptions",
)


def currencies(scenario: Scenario) -> Iterator[Looked]:
    """Return amounts by their currency."""
    named = Counter(
        str(row[name]).strip().upper()
        for stream in WITH_AMOUNTS
        for row in scenario[stream]
        for name in ("purchaseCurrency", "currency", "licenseCostCurrency")
        if str(row.get(name) or "").strip()
    )
    for code, amounts in named.items():
        yield code, code, code not in {"EUR", "USD", "GBP", "SEK", "CHF"}, amounts


def streams(scenario: Scenario) -> dict[str, list[Looked]]:
    """Return the checks of the streams; the values of rows have a test of their own."""
    held = [(stream, stream, False, len(rows)) for stream, rows in scenario.rows.items() if rows]
    return {
        "dates_left_out": [
            (stream, stream, bool(without_dates(stream, rows)), len(rows))
            for stream, rows in scenario.rows.items()
            if rows
        ],
        "values_unreadable": held,
        "streams_without_rows": [(stream, stream, not rows, 1) for stream, rows in scenario.rows.items()],
        **{
            f"streams_of_{mart.removeprefix('snow_atlas__')}": [
                (stream, stream, stream not in scenario.rows, 1) for stream in streams_of(mart)
            ]
            for mart in MARTS - {"snow_atlas__data_quality", "snow_atlas__changes"}
        },
    }


def measured(name: str, area: str, looked: list[Looked]) -> dict[str, Any]:
    failing = sorted((each for each in looked if each[2]), key=lambda each: each[0])
    found, checked = sum(each[3] for each in failing), sum(each[3] for each in looked)
    return {
        "check_name": name,
        "area": area,
        "failing": found,
        "checked": checked,
        "share": found / checked if checked else None,
        "status": "found" if found else "clean" if checked else "nothing to check",
        "examples": "; ".join(
            each[1] or each[0] for each in (failing if name.startswith("streams_of") else failing[:3])
        )
        or None,
    }


def rows_of(
    rows: Iterable[Row], fails: Callable[[Row], bool], name: Callable[[Row], str | None], key: str = "id"
) -> Iterator[Looked]:
    return ((row[key], name(row), fails(row), 1) for row in rows)


def silent(moment: str | None, today: date) -> bool:
    return moment is None or (today - date.fromisoformat(moment[:10])).days > SILENT_DAYS


def homeless(scenario: Scenario) -> Callable[[Row], bool]:
    known = scenario.by_id("organizations")

    def fails(row: Row) -> bool:
        return row.get("organizationId") is None or (bool(known) and row["organizationId"] not in known)

    return fails


def computers(scenario: Scenario) -> dict[str, Iterable[Looked]]:
    rows, details = scenario["computers"], scenario["computer_details"]
    accounts, applications = scenario.by_id("user_accounts"), scenario.by_id("applications")
    detailed = scenario.by_id("computer_details")
    names = Counter(row.get("hostName") for row in rows)
    system_ids = {row.get("name"): row["id"] for row in scenario["applications"] if row.get("isOs")}

    def host(row: Row) -> str | None:
        return row.get("hostName")

    def owner(row: Row) -> str | None:
        return row.get("mostFrequentUser") or row.get("mostRecentUser")

    def gone(row: Row) -> bool:
        return accounts.get(owner(row), {"status": "removed"}).get("status") != "Active"

    def without_system(row: Row) -> bool:
        system = detailed.get(row["id"], {}).get("operatingSystemId") or system_ids.get(
            row.get("operatingSystem")
        )
        return undated(applications.get(system, {}))

    clients = [row for row in rows if not row.get("isServer")]
    owned = [
        row
        for row in clients
        if owner(row) and accounts and accounts.get(owner(row), {"status": ""}).get("status") is not None
    ]
    physical = [row for row in details if not row.get("isVirtual")]
    priced = [row for row in details if row.get("purchaseValue") is not None]
    return {
        "computers_not_scanned": rows_of(
            rows, lambda row: silent(row.get("lastScanDate"), scenario.today), host
        ),
        "computers_with_same_name": rows_of(
            [row for row in rows if host(row)], lambda row: names[row["hostName"]] > 1, host
        ),
        "computers_without_organization": rows_of(rows, homeless(scenario), host),
        "computers_without_owner": rows_of(clients, lambda row: owner(row) is None, host),
        "computers_with_owner_gone": rows_of(owned, gone, host),
        "computers_without_known_system": rows_of(rows, without_system, host),
        "computers_without_purchase": rows_of(
            physical, lambda row: row.get("purchaseDate") is None or row.get("purchaseValue") is None, host
        ),
        "computers_without_currency": rows_of(priced, lambda row: row.get("purchaseCurrency") is None, host),
    }


def undated(application: Row) -> bool:
    return not any(application.get(name) for name in (*DATES, *FLAGS))


def software(scenario: Scenario) -> dict[str, Iterable[Looked]]:
    applications = scenario.by_id("applications")
    metered = {row["applicationId"] for row in scenario["application_metrics"]}
    found = Counter(row["applicationId"] for row in scenario["computer_applications"])
    installed = {row["applicationId"] for row in scenario["computer_applications"] if row.get("isInstalled")}
    used = {row["applicationId"] for row in scenario["computer_applications"] if row.get("lastUsed")}
    here = [row for row in scenario["applications"] if row["id"] in installed]
    licensable = [
        row
        for row in scenario["applications"]
        if not row.get("isNoLicenseRequired") and not row.get("isHidden")
    ]

    def name(row: Row) -> str | None:
        return row.get("name")

    return {
        "applications_without_metric": rows_of(
            licensable, lambda row: not row.get("metrics") and row["id"] not in metered, name
        ),
        "applications_without_support_dates": rows_of(here, undated, name),
        "applications_without_use": rows_of(
            [row for row in here if not row.get("isOs")], lambda row: row["id"] not in used, name
        ),
        "installations_of_unlisted_applications": [
            (application, application, application not in applications, count)
            for application, count in found.items()
            if applications
        ],
    }


def licences(scenario: Scenario) -> dict[str, Iterable[Looked]]:
    applications = scenario.by_id("applications")
    rows = [row for row in scenario["licenses"] if row.get("status") != "Archived"]
    held = {row["id"]: row for row in rows}
    valued = [row for row in rows if row.get("purchaseValue") is not None]
    costs = [
        row
        for row in scenario["license_maintenance_periods"]
        if row.get("maintenanceCost") is not None or row.get("supportCost") is not None
    ]

    def name(row: Row) -> str | None:
        application = applications.get(row.get("applicationId"), {})
        return application.get("name") or row.get("productDescription")

    def lacks(field: str) -> Callable[[Row], bool]:
        return lambda row: row.get(field) is None

    return {
        "licenses_incomplete": rows_of(rows, lambda row: bool(row.get("isIncomplete")), name),
        "licenses_without_application": rows_of(rows, lacks("applicationId"), name),
        "licenses_without_metric": rows_of(rows, lacks("metricId"), name),
        "licenses_without_organization": rows_of(rows, homeless(scenario), name),
        "licenses_without_value": rows_of(rows, lacks("purchaseValue"), name),
        "licenses_without_currency": rows_of(valued, lacks("purchaseCurrency"), name),
        "subscriptions_without_end": rows_of(
            [row for row in rows if row.get("isSubscription")], lacks("subscriptionValidTo"), name
        ),
        "maintenance_without_currency": rows_of(
            costs, lacks("purchaseCurrency"), lambda row: name(held.get(row.get("licenseId"), {}))
        ),
    }


def papers(scenario: Scenario) -> dict[str, Iterable[Looked]]:
    checks: dict[str, Iterable[Looked]] = {}
    for kind in ("agreement", "contract"):
        periods = scenario[f"{kind}_periods"]
        ended = {row["id"] for row in periods if row.get("validTo")}
        checks[f"{kind}s_without_end"] = rows_of(
            scenario[f"{kind}s"] if periods else [],
            lambda row, ended=ended: row["id"] not in ended,  # type: ignore[misc]
            lambda row: row.get("name"),
        )
    return checks


def saas(scenario: Scenario) -> dict[str, Iterable[Looked]]:
    accounts = scenario["user_accounts"]
    addresses = {row["email"].lower() for row in accounts if row.get("email")}
    priced = [row for row in scenario["saas_servicenow_subscriptions"] if row.get("costPerUnit") is not None]
    return {
        "saas_users_without_account": rows_of(
            scenario["saas_users"] if accounts else [],
            lambda row: (row.get("email") or "").lower() not in addresses,
            lambda row: row["id"],
        ),
        "saas_subscriptions_without_currency": rows_of(
            priced, lambda row: row.get("currency") is None, lambda row: row.get("name")
        ),
    }


def oracle(scenario: Scenario) -> dict[str, Iterable[Looked]]:
    return {
        "oracle_databases_not_scanned": rows_of(
            scenario["oracle_database_installations"],
            lambda row: silent(row.get("scanDate"), scenario.today),
            lambda row: row.get("databaseName"),
        )
    }


def organizations(scenario: Scenario) -> dict[str, Iterable[Looked]]:
    parents = {*scenario.by_id("organizations"), TOP, None}
    return {
        "organizations_without_parent": rows_of(
            scenario["organizations"],
            lambda row: row.get("parentId") not in parents,
            lambda row: row.get("name"),
        )
    }
