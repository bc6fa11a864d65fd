"""The mart `snow_atlas__oracle_exposure`: each product on each estate, compared with the sandbox's rows, and
with the API's verdicts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from integration_tests.dbt_package.building import Built, build
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Rows, Scenario
from integration_tests.dbt_package.warehouses import Warehouse

KEY = ("kind", "product_id", "estate_type", "estate_id", "metric", "version")
ESTATES = {"Servers": "server", "VirtualMachines": "virtual machine", "Datacenters": "datacenter"}
COMPLIANCE = ("oracle_database_product_compliance", "oracle_middleware_product_compliance")
UNCOUNTED = ("in use, not counted", "to be checked")

Uses = Mapping[tuple[str, str | None], dict[str, date | None]]


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """An audit asks for what is short here, at list price and with years of support."""
    assert difference(built["snow_atlas__oracle_exposure"], expected(built.scenario), KEY) == ""


def test_it_agrees_with_the_counters_of_the_api(built: Built) -> None:
    """Figures that differ from those in Snow Atlas' own pages are trusted by nobody."""
    counters = {
        "required_processors": "totalRequiredLicenseProcessor",
        "assigned_processors": "totalAssignedLicenseProcessor",
        "required_users": "totalRequiredLicenseNup",
        "assigned_users": "totalAssignedLicenseNup",
        "license_needed": "licenseNeeded",
        "installations": "allInstallationsCount",
    }
    shown = [row for row in built["snow_atlas__oracle_exposure"] if row["finding"] not in UNCOUNTED]
    held = [row for stream in COMPLIANCE for row in built.scenario[stream]]
    assert len(shown) == len(held)
    for column, counter in counters.items():
        made, given = Counter[str](), Counter[str]()
        for row in shown:
            made[row["product_id"]] += row[column] or 0
        for row in held:
            given[row["productId"]] += row.get(counter) or 0
        assert made == given


def test_its_findings_are_the_verdicts_of_the_api(company_built: Built) -> None:
    """The shortfall is computed here, and so is the API's need: one of them would be wrong."""
    verdicts = defaultdict(set)
    for row in company_built["snow_atlas__oracle_exposure"]:
        verdicts[row["finding"]].add(row["compliance_status"])
        if row["finding"] not in UNCOUNTED and row["finding"] != "covered elsewhere":
            assert row["shortfall"] == row["license_needed"]
    assert verdicts["short"] == verdicts["covered elsewhere"] == {"NotCompliant"}
    assert verdicts["surplus"] == {"OverCompliant"}
    assert verdicts["balanced"] == {"Compliant", "CompliantWithIssues"}


def test_every_situation_is_there(company_built: Built) -> None:
    """An empty mart would equal an empty computation."""
    mart = company_built["snow_atlas__oracle_exposure"]
    assert {row["kind"] for row in mart} == {"database", "option", "management pack", "middleware", "java"}
    assert {row["estate_type"] for row in mart} >= {"server", "virtual machine", "datacenter"}
    assert {row["finding"] for row in mart} >= {
        "short",
        "surplus",
        "balanced",
        "not required",
        "to be checked",
    }
    assert {row["is_used_without_license"] for row in mart} == {True, False}
    assert {row["is_product_bought"] for row in mart} == {True, False}
    assert any(row["shortfall_cost_base"] for row in mart)
    assert any(row["last_used_on"] for row in mart if row["estate_type"] == "datacenter")


def test_what_the_figures_leave_out_is_shown(
    warehouse: Warehouse, company_rows: Rows, tmp_path: Path
) -> None:
    """An option in use without a figure is what an audit finds and a compliance page does not show."""
    rows = {stream: company_rows[stream] for stream in company_rows if stream.startswith("oracle_")}
    figures = "oracle_database_product_compliance"
    rows[figures] = [row for number, row in enumerate(rows[figures]) if number % 3 == 0]
    makers = ("Eclipse Adoptium", "Sun Microsystems, Inc.", None, "Oracle Corporation")
    rows["oracle_java_installations"] = [
        {**row, "vendor": makers[number % 4]} for number, row in enumerate(rows["oracle_java_installations"])
    ]
    cluster = rows["oracle_database_servers"][0]["installationId"]
    rows["oracle_database_servers"] = [
        *rows["oracle_database_servers"][::2],
        *(
            {**row, "installationId": cluster, "id": f"node {number}"}
            for number, row in enumerate(rows["oracle_database_servers"])
        ),
    ]
    rows["oracle_database_instances"] = rows["oracle_database_instances"][:3]
    rows["computers"] = company_rows["computers"][::2]
    del rows["oracle_order_licenses"]
    scenario = Scenario("uncounted", rows)
    mart = build(scenario, warehouse, ["+snow_atlas__oracle_exposure"], tmp_path)[
        "snow_atlas__oracle_exposure"
    ]
    assert difference(mart, expected(scenario), KEY) == ""
    uncounted = [row for row in mart if row["finding"] == "in use, not counted"]
    assert {row["kind"] for row in uncounted} == {"option", "management pack"}
    assert {row["estate_type"] for row in uncounted} >= {"server", "virtual machine", None}
    assert None in {row["computer_id"] for row in uncounted}
    assert {row["is_product_bought"] for row in mart} == {None}
    assert any(nodes_using(scenario, row) > row["databases_using"] for row in mart if row["databases_using"])


def nodes_using(scenario: Scenario, row: dict[str, Any]) -> int:
    """Return the number of uses in a datacenter if each computer of a cluster were counted."""
    places = datacenters(scenario)
    return sum(
        len(databases)
        for (product, computer), databases in uses(scenario).items()
        if product == row["product_id"]
        and not row["computer_id"]
        and row["datacenter_id"] in places[computer]
    )


def expected(scenario: Scenario) -> list[dict[str, Any]]:
    return [finished(row, scenario) for row in [*counted(scenario), *used(scenario), *java(scenario)]]


def counted(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Yield the compliance figures, with the databases that use the product."""
    kinds, on_computers, places = extra_kinds(scenario), uses(scenario), datacenters(scenario)
    for stream in COMPLIANCE:
        for row in scenario[stream]:
            product, computer, datacenter = row["productId"], row.get("computerId"), row.get("datacenterId")
            is_extra = "database" in stream and product in kinds
            found: dict[str, date | None] = {}
            for (used_product, used_on), databases in on_computers.items():
                here = used_on == computer if computer else datacenter in places[used_on]
                if used_product == product and used_on and here and is_extra:
                    found = merged(found, databases)
            metric = row.get("licenseMetricType")
            suffix = {"Processor": "Processor", "Nup": "Nup"}.get(metric or "")
            required = row.get(f"totalRequiredLicense{suffix}")
            assigned = row.get(f"totalAssignedLicense{suffix}")
            yield {
                "kind": kinds[product] if is_extra else stream.split("_")[1],
                "product_id": product,
                "estate_type": ESTATES.get(row["estateType"], row["estateType"]),
                "estate_name": row.get("estateName"),
                "computer_id": computer,
                "datacenter_id": datacenter,
                "metric": metric,
                "is_license_required": row.get("isLicenseRequired"),
                "required_processors": row.get("totalRequiredLicenseProcessor"),
                "assigned_processors": row.get("totalAssignedLicenseProcessor"),
                "required_users": row.get("totalRequiredLicenseNup"),
                "assigned_users": row.get("totalAssignedLicenseNup"),
                "missing": None if required is None or assigned is None else required - assigned,
                "license_needed": row.get("licenseNeeded"),
                "compliance_status": row.get("productComplianceStatus"),
                "covered_by_product_id": row.get("coveredByProductId"),
                "covered_by_estate": row.get("coveredByEstate") or None,
                "partitioning": row.get("partitioningType"),
                "installations": row.get("allInstallationsCount"),
                "installations_requiring_license": row.get("installationsRequiredLicenseCount"),
                "databases_using": len(found) if is_extra else None,
                "last_used_on": latest(found),
            }


def used(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Yield options and packs in use that the figures have neither on the computer nor in its datacenter."""
    rows = [row for stream in COMPLIANCE for row in scenario[stream]]
    on_computers = {(row["productId"], row["computerId"]) for row in rows if row.get("computerId")}
    in_datacenters = {
        (row["productId"], row.get("datacenterId")) for row in rows if not row.get("computerId")
    }
    kinds, places = extra_kinds(scenario), datacenters(scenario)
    for (product, computer), databases in uses(scenario).items():
        nearby = {(product, place) for place in places[computer]}
        if (product, computer) not in on_computers and not nearby & in_datacenters:
            yield {
                "kind": kinds[product],
                "product_id": product,
                "computer_id": computer,
                "databases_using": len(databases),
                "last_used_on": latest(databases),
                "finding": "in use, not counted",
                **machine(scenario, computer),
            }


def java(scenario: Scenario) -> Iterator[dict[str, Any]]:
    makers = [None, "oracle", "sun"]
    installed = Counter(
        (row.get("productId"), row.get("computerId"), row.get("version"))
        for row in scenario["oracle_java_installations"]
        if row.get("vendor") is None or row["vendor"].lower().split()[0] in makers
    )
    for (product, computer, version), installations in installed.items():
        yield {
            "kind": "java",
            "product_id": product,
            "version": version,
            "computer_id": computer,
            "installations": installations,
            "finding": "to be checked",
            **machine(scenario, computer),
        }


def finished(row: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    product = scenario.by_id("oracle_products").get(row["product_id"], {})
    computer = scenario.by_id("computers").get(row.get("computer_id"), {})
    datacenter = scenario.by_id("datacenters").get(row.get("datacenter_id"), {})
    missing = row.pop("missing", None)
    covered = row.get("covered_by_product_id") or row.get("covered_by_estate")
    exempt = row.get("is_license_required") is False
    shortfall = None if missing is None else 0 if covered or exempt else max(missing, 0)
    finding = row.get("finding") or verdict(missing, bool(covered), exempt)
    orders = scenario["oracle_order_licenses"]
    bought = {each.get("productId") for each in orders} - {None}
    price = unit_price(scenario, row["product_id"], row.get("metric"))
    return {
        **dict.fromkeys(COLUMNS),
        **row,
        "product_name": product.get("productName"),
        "product_edition": product.get("productEdition"),
        "estate_id": row.get("computer_id") or row.get("datacenter_id") or row.get("estate_name"),
        "organization_id": computer.get("organizationId") or datacenter.get("organizationId"),
        "shortfall": shortfall,
        "surplus": None if missing is None else max(-missing, 0),
        "is_product_bought": row["product_id"] in bought if orders else None,
        "is_used_without_license": bool(row.get("databases_using"))
        and finding in ("short", "in use, not counted"),
        "unit_price_base": price,
        "shortfall_cost_base": None if price is None or shortfall is None else price * shortfall,
        "finding": finding,
    }


COLUMNS = (
    *(
        "kind",
        "product_id",
        "version",
        "estate_type",
        "estate_name",
        "computer_id",
        "datacenter_id",
        "metric",
    ),
    *(
        "is_license_required",
        "required_processors",
        "assigned_processors",
        "required_users",
        "assigned_users",
    ),
    *("license_needed", "compliance_status", "covered_by_product_id", "covered_by_estate", "partitioning"),
    *("installations", "installations_requiring_license", "databases_using", "last_used_on"),
)


def verdict(missing: int | None, covered: bool, exempt: bool) -> str:
    if exempt:
        return "not required"
    if missing is None:
        return "unknown"
    if missing > 0:
        return "covered elsewhere" if covered else "short"
    return "surplus" if missing < 0 else "balanced"


def unit_price(scenario: Scenario, product: str | None, metric: str | None) -> Decimal | None:
    bought = [
        (Decimal(str(row["licenseCostBase"])), row["quantity"])
        for row in scenario["oracle_order_licenses"]
        if (row.get("productId"), row.get("licenseMetricType"), row.get("itemType"))
        == (product, metric, "Default")
        and row.get("licenseCostBase") is not None
        and row.get("quantity")
    ]
    if not bought:
        return None
    mean: Decimal = sum((cost for cost, _ in bought), Decimal()) / sum(quantity for _, quantity in bought)
    return mean.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def machine(scenario: Scenario, computer: str | None) -> dict[str, Any]:
    row = scenario.by_id("computers").get(computer)
    if row is None:
        return {}
    kind = "virtual machine" if row.get("isVirtual") else "server" if row.get("isServer") else "client"
    return {"estate_type": kind, "estate_name": row.get("hostName")}


def extra_kinds(scenario: Scenario) -> dict[str, str]:
    packs = {row["productId"]: "management pack" for row in scenario["oracle_database_management_packs"]}
    return packs | {
        row["productId"]: packs.get(row["productId"], "option") for row in scenario["oracle_database_options"]
    }


def uses(scenario: Scenario) -> Uses:
    """Return the databases that use an option or a pack, with the last use, by product and computer."""
    homes: dict[str, set[str | None]] = defaultdict(set)
    for stream in ("oracle_database_servers", "oracle_database_instances"):
        for row in scenario[stream]:
            if row.get("computerId"):
                homes[row["installationId"]].add(row["computerId"])
    found: dict[tuple[str, str | None], dict[str, date | None]] = defaultdict(dict)
    for stream in ("oracle_database_options", "oracle_database_management_packs"):
        for row in scenario[stream]:
            if row.get("isUsed"):
                last = date.fromisoformat(row["lastUsed"][:10]) if row.get("lastUsed") else None
                for computer in homes[row["installationId"]] or {None}:
                    key = (row["productId"], computer)
                    found[key] = merged(found[key], {row["installationId"]: last})
    return found


def merged(first: dict[str, date | None], second: dict[str, date | None]) -> dict[str, date | None]:
    together = dict(first)
    for database, last in second.items():
        together[database] = max((day for day in (together.get(database), last) if day), default=None)
    return together


def latest(databases: dict[str, date | None]) -> date | None:
    return max((day for day in databases.values() if day), default=None)


def datacenters(scenario: Scenario) -> defaultdict[str | None, set[str]]:
    """Return the datacenters that the figures assign to a computer."""
    found: defaultdict[str | None, set[str]] = defaultdict(set)
    for stream in COMPLIANCE:
        for row in scenario[stream]:
            if row.get("computerId") and row.get("datacenterId"):
                found[row["computerId"]].add(row["datacenterId"])
    return found
