"""The sandbox's company on earlier days: the same company, and what it says has changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
import requests

from integration_tests.helpers.oracle_saas_operations import ROUTES as ORACLE_SAAS
from integration_tests.helpers.oracle_saas_operations import replies
from sandbox import Sandbox
from sandbox.company.estate import BUILDERS, MOST_MONTHS, Change, Estate, Row

NOW = datetime(2026, 11, 15, tzinfo=timezone.utc)
MONTHS = 12
# Fields whose days lie ahead by their nature.
AHEAD = re.compile(r"(valid|end|expir|subscriptionValid|terminat|until)", re.IGNORECASE)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d|$)")


@pytest.fixture(scope="module", params=[60, 240])
def year(request: pytest.FixtureRequest) -> list[Estate]:
    """The company at the end of each month of a year, and today."""
    present = Estate(request.param, now=NOW)
    return [present.at(day) for day in present.month_ends(MONTHS)]


def test_the_days_are_the_ends_of_months() -> None:
    """A trend whose points lie anywhere in the months shows the weekday, not the company."""
    ends = [day.date().isoformat() for day in Estate(1, now=NOW).month_ends(3)]
    assert ends == ["2026-08-31", "2026-09-30", "2026-10-31", "2026-11-15"]
    leap = datetime(2028, 3, 1, 13, 30, tzinfo=timezone.utc)
    assert Estate(1, now=leap).month_ends(1)[0] == datetime(2028, 2, 29, tzinfo=timezone.utc)
    with pytest.raises(ValueError, match="23 months"):
        Estate(1, now=NOW).month_ends(MOST_MONTHS + 1)
    with pytest.raises(ValueError, match="after the present"):
        Estate(1, now=NOW, as_of=NOW + timedelta(days=1))


def test_an_earlier_day_is_the_same_in_whatever_order_it_is_built() -> None:
    """A history that cannot be made twice proves nothing."""
    day = NOW - timedelta(days=200)
    one, other = Estate(40, now=NOW).at(day), Estate(40, now=NOW, as_of=day)
    for name in BUILDERS:
        one.built(name)
    for name in reversed(BUILDERS):
        other.built(name)
    for name in BUILDERS:
        assert one.built(name) == other.built(name), name


def test_changes_of_a_company_with_ugly_data_are_found() -> None:
    """Without it, `GET /_sandbox/changes` of a sandbox with --ugly would fail at a null date."""
    present = Estate(60, now=NOW, ugly=True)
    changes = present.changes_since(present.at(NOW - timedelta(days=300)))
    assert {"computer added", "licence bought", "seat taken"} <= {change.kind for change in changes}


def test_the_present_is_not_changed_by_a_look_back() -> None:
    """Two readers of the same company would see two of them."""
    looked_back, fresh = Estate(40, now=NOW), Estate(40, now=NOW)
    Estate(40, now=NOW).at(NOW - timedelta(days=300)).changes_since(looked_back.at(NOW - timedelta(days=400)))
    for name in BUILDERS:
        assert looked_back.built(name) == fresh.built(name), name


def test_references_hold_on_every_day(year: list[Estate]) -> None:
    """Joins in a warehouse of last spring would come out empty."""
    for estate in year[::4]:
        known = {
            "computerId": {row["id"] for row in estate.computers},
            "hostComputerId": {row["id"] for row in estate.computers},
            "mostFrequentUser": {row["id"] for row in estate.users},
            "applicationId": {row["id"] for row in estate.applications},
            "licenseId": {row["id"] for row in estate.built("licenses")},
            "databaseId": {row["id"] for row in estate.built("oracle_databases")},
            "orderId": {row["id"] for row in estate.built("oracle_orders")},
            "subscriptionId": {row["id"] for row in estate.built("saas_subscriptions")},
            "agreementId": {row["id"] for row in estate.built("agreements")},
        }
        people = {row["id"] for row in estate.built("saas_users")}
        for name in BUILDERS:
            for row in estate.built(name):
                for field, ids in known.items():
                    if row.get(field) is not None and not (
                        name.startswith("saas") and field == "applicationId"
                    ):
                        assert row[field] in ids, (name, field)
        for name in ("saas_memberships", "saas_assignments"):
            assert {row["userId"] for row in estate.built(name)} <= people


def test_nothing_has_happened_after_the_day(year: list[Estate]) -> None:
    """What was bought, used or scanned in the future makes every age wrong."""
    for estate in year[::4]:
        today = estate.ago(0)
        for name in set(BUILDERS) - {"custom_field_values"}:
            for row in estate.built(name):
                for field, value in row.items():
                    if isinstance(value, str) and MOMENT.match(value) and not AHEAD.search(field):
                        assert value[:19] <= today[:19], (name, field, value, today)


def test_the_company_stays_about_as_large(year: list[Estate]) -> None:
    """A trend that only grows would be that of the sandbox, not that of a company."""
    for table, least, most in (
        ("computers", 0.9, 1.1),
        ("computer_applications", 0.85, 1.2),
        ("saas_people", 0.85, 1.1),
        ("saas_assignments", 0.75, 1.1),
        ("licenses", 0.6, 1.0),
    ):
        sizes = [len(estate.built(table)) / len(year[-1].built(table)) for estate in year]
        assert all(least <= size <= most for size in sizes), (table, sizes)


def test_there_is_something_new_in_every_month(year: list[Estate]) -> None:
    """A section "since last month" that is empty cannot be tried."""
    found = [later.changes_since(earlier) for earlier, later in pairwise(year)]
    assert all(len(changes) > 3 for changes in found)
    kinds = Counter(change.kind for changes in found for change in changes)
    for kind in (
        "computer added",
        "computer retired",
        "application appeared",
        "application vanished",
        "support ended",
        "licence bought",
        "subscription renewed",
        "agreement renewed",
        "agreement expired",
        "seat taken",
        "seat released",
    ):
        assert kinds[kind], kind


def test_a_product_loses_support_on_its_makers_day(year: list[Estate]) -> None:
    """Everybody in the field knows the day; a wrong one is seen at once."""
    for earlier, later in pairwise(year):
        ended = {
            change.name: change.day
            for change in later.changes_since(earlier)
            if change.kind == "support ended"
        }
        if "Microsoft Office Professional Plus 2021" in ended:
            assert ended["Microsoft Office Professional Plus 2021"] == "2026-10-13"
            assert later.now.date().isoformat() == "2026-10-31"
            return
    pytest.fail("Office 2021 never lost support")


def test_terms_follow_each_other(year: list[Estate]) -> None:
    """No vendor sells a subscription with two terms at once, or one that comes back from the dead."""
    known: dict[str, tuple[str, str]] = {}
    renewed = 0
    for estate in year:
        for row in estate.built("licenses"):
            if row["isSubscription"]:
                term = row["subscriptionValidFrom"][:10], row["subscriptionValidTo"][:10]
                before = known.get(row["id"], term)
                assert before == term or before[1] == term[0], row["id"]
                renewed += before != term
                known[row["id"]] = term
    assert renewed


def _api(sandbox: Sandbox) -> dict[str, Any]:
    """What the API says on a day, as far as changes are concerned."""
    computers = sandbox.rows("/api/sam/estate/v1/computers")
    installed: Counter[str] = Counter()
    for row in sandbox.rows("/api/sam/estate/v1/computers-applications"):
        if row["isInstalled"]:
            installed[row["applicationId"]] += 1
    seats = {
        (row["id"], user["id"])
        for user in sandbox.rows("/api/saas/consolidated-view/v1/users")
        for row in sandbox.rows(f"/api/saas/consolidated-view/v1/users/{user['id']}/subscriptions")
    }
    licenses = {row["id"]: row for row in sandbox.rows("/api/sam/v1/licenses")}
    return {
        "computers": {row["id"] for row in computers},
        "installed": installed,
        "seats": seats,
        "licenses": licenses,
    }


def test_the_log_is_what_the_api_shows_of_two_days() -> None:
    """A history is measured by the log: it may not tell another truth than the rows do."""
    sandbox = Sandbox(estate=Estate(60, now=NOW), months=3)
    days = sandbox.control.month_ends
    assert sandbox.estate.now == days[0]
    before = _api(sandbox)
    for since, until in pairwise(days):
        sandbox.control.show(until)
        after = _api(sandbox)
        log = sandbox.control.changes(since, until)

        def ids(kind: str, log: list[Change] = log) -> set[str]:
            return {change.id for change in log if change.kind == kind}

        assert ids("computer added") == after["computers"] - before["computers"]
        assert ids("computer retired") == before["computers"] - after["computers"]
        assert ids("application appeared") == set(after["installed"]) - set(before["installed"])
        assert ids("application vanished") == set(before["installed"]) - set(after["installed"])
        assert ids("licence bought") == set(after["licenses"]) - set(before["licenses"])
        for kind, seats in (
            ("seat taken", after["seats"] - before["seats"]),
            ("seat released", before["seats"] - after["seats"]),
        ):
            assert {(change.id, change.of) for change in log if change.kind == kind} == seats
        before = after


@pytest.fixture(scope="module")
def old() -> Iterator[Sandbox]:
    with Sandbox(12, months=MONTHS) as running:
        yield running


def test_a_client_moves_the_company_on_month_by_month(old: Sandbox) -> None:
    """A program in another process, such as the report, has no other way to the months."""
    control = f"{old.url}/_sandbox"
    months = requests.get(f"{control}/months", timeout=10).json()
    assert len(months["ends"]) == MONTHS + 1
    assert months["as_of"] == months["ends"][0]
    seen = []
    for day in months["ends"]:
        shown = requests.post(f"{control}/months", json={"as_of": day}, timeout=10).json()
        assert shown["as_of"] == day
        seen.append(old.rows("/api/sam/estate/v1/computers"))
    assert seen[-1] == list(Sandbox(12).rows("/api/sam/estate/v1/computers"))
    query = {"since": months["ends"][0], "until": months["ends"][-1]}
    changes: list[Row] = requests.get(f"{control}/changes", params=query, timeout=10).json()
    assert {change["kind"] for change in changes} >= {"seat taken", "support ended"}
    wrong = requests.get(f"{control}/changes", params={"since": "yesterday", "until": "today"}, timeout=10)
    assert wrong.status_code == 400


def test_every_operation_answers_on_an_earlier_day() -> None:
    """A stream that fails on last year's company would leave a hole in the history."""
    estate = Estate(60, now=NOW).at(NOW - timedelta(days=360))
    for route in ORACLE_SAAS.values():
        list(replies(estate, route))
