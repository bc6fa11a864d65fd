"""The mart `snow_atlas__software_lifecycle`: unsupported software by organization, compared with the
sandbox's rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from integration_tests.dbt_package.building import Built
from integration_tests.dbt_package.comparing import difference
from integration_tests.dbt_package.scenarios import Scenario

KEY = ("application_id", "organization_id")
SOON = timedelta(days=365)
IN_USE = timedelta(days=90)


def test_the_mart_is_what_the_rows_say(built: Built) -> None:
    """Software without support that is missing here stays in use until it is attacked."""
    assert difference(built["snow_atlas__software_lifecycle"], expected(built.scenario), KEY) == ""


def test_every_status_is_there(company_built: Built) -> None:
    """An empty mart would equal an empty computation."""
    rows = company_built["snow_atlas__software_lifecycle"]
    assert {row["status"] for row in rows} == {"ended", "extended support", "ending"}
    assert any(row["is_operating_system"] for row in rows)
    assert any(0 < row["computers_in_use"] < row["computers"] for row in rows)
    assert any(0 < row["computers_in_use_by_suite"] <= row["computers_in_use"] for row in rows)


def test_applications_without_organization_are_kept(build_scenario: Any) -> None:
    """Computers that belong to nobody are those that nobody updates."""
    rows = build_scenario("no_organization")["snow_atlas__software_lifecycle"]
    assert any(row["organization_id"] is None for row in rows)


def expected(scenario: Scenario) -> list[dict[str, Any]]:
    computers, organizations = scenario.by_id("computers"), scenario.by_id("organizations")
    installed: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in scenario["computer_applications"]:
        installed[row["applicationId"]][row["computerId"]].append(row)
    rows = []
    applications = scenario.by_id("applications")

    def in_use(application_id: str, computer_id: str) -> bool:
        found = installed[application_id][computer_id]
        return any(row.get("isInstalled") for row in found) and (
            bool(applications[application_id].get("isOs"))
            or any(
                (day(row["lastUsed"]) or date.min) >= scenario.today - IN_USE
                for row in found
                if row.get("lastUsed")
            )
        )

    def counted_by_suite(application_id: str, computer_id: str, status: str) -> bool:
        found = installed[application_id][computer_id]
        suites = {row.get("bundleApplicationId") if not row.get("unbundled") else None for row in found}
        if None in suites or not in_use(application_id, computer_id):
            return False
        suite = min(suites)
        return (
            suite in applications
            and suite != application_id
            and judge(applications[suite], scenario.today)[0] == status
            and in_use(suite, computer_id)
        )

    for application in scenario["applications"]:
        status, ends_on = judge(application, scenario.today)
        if status is None:
            continue
        by_organization: dict[str | None, list[tuple[bool, date | None]]] = defaultdict(list)
        by_suite: Counter[str | None] = Counter()
        for computer_id, found in installed[application["id"]].items():
            computer = computers.get(computer_id, {})
            if computer.get("status") in ("Inactive", "Quarantined"):
                continue
            if any(row.get("isInstalled") for row in found):
                used = [day(row["lastUsed"]) for row in found if row.get("lastUsed")]
                organization = computer.get("organizationId")
                by_suite[organization] += counted_by_suite(application["id"], computer_id, status)
                by_organization[organization].append(
                    (bool(computer.get("isServer")), max(filter(None, used), default=None))
                )
        system = bool(application.get("isOs"))
        for organization, machines in by_organization.items():
            uses = [used for _, used in machines if used is not None]
            rows.append(
                {
                    "application_id": application["id"],
                    "organization_id": organization,
                    "application_name": application.get("name"),
                    "manufacturer": application.get("manufacturer"),
                    "platform": application.get("platform"),
                    "is_operating_system": system,
                    "organization_name": organizations.get(organization, {}).get("name"),
                    "support_ends_on": day(application.get("endOfSupportDate")),
                    "extended_support_ends_on": day(application.get("endOfExtendedSupportDate")),
                    "end_of_life_on": day(application.get("endOfLifeDate")),
                    "status": status,
                    "ends_on": ends_on,
                    "days_left": (ends_on - scenario.today).days if ends_on else None,
                    "computers": len(machines),
                    "computers_in_use": len(machines)
                    if system
                    else sum(used >= scenario.today - IN_USE for used in uses),
                    "computers_in_use_by_suite": by_suite[organization],
                    "servers": sum(server for server, _ in machines),
                    "last_used_on": max(uses, default=None),
                }
            )
    return rows


def judge(application: Mapping[str, Any], today: date) -> tuple[str | None, date | None]:
    """Return the status of an application's support, and the end that belongs to it."""
    support = day(application.get("endOfSupportDate"))
    extended = day(application.get("endOfExtendedSupportDate"))
    life = day(application.get("endOfLifeDate"))
    ends = sorted(filter(None, (support, extended)))
    if not ends:
        if application.get("isEndOfSupport") or application.get("isEndOfExtendedSupport"):
            return "ended", None
        if life is None:
            return ("ended", None) if application.get("isEndOfLife") else (None, None)
        if life < today:
            return "ended", life
        return ("ending", life) if life <= today + SOON else (None, None)
    if ends[-1] < today:
        return "ended", ends[-1]
    if (support is not None and support < today) or (support is None and application.get("isEndOfSupport")):
        return "extended support", ends[-1]
    following = support or ends[-1]
    return ("ending", following) if following <= today + SOON else (None, None)


def day(moment: str | None) -> date | None:
    return date.fromisoformat(moment[:10]) if moment else None
