"""Key figures (KPIs) of SaaS applications and users, computed from the tables for the requested dates."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from sandbox.company.estate import Estate, Row
from sandbox.company.saas import applications, users
from sandbox.company.saas_usage import ACTIVE, INACTIVE, NO_ACTIVITY

TREND_DAYS = 30


# --- applications ---


def _totals(names: Iterable[str]) -> list[Row]:
    return [{"name": name, "total": total} for name, total in Counter(names).most_common()]


def _busiest(rows: Iterable[Row]) -> list[Row]:
    top = sorted(rows, key=lambda row: (-row["active"], row["name"]))[:5]
    return [{"name": row["name"], "totalUsers": row["active"]} for row in top]


def _known(estate: Estate, until: date) -> list[Row]:
    """Return the applications discovered until a day."""
    return [row for row in applications(estate) if row["discoveryDate"] <= until.isoformat()]


def _new(rows: Iterable[Row], since: date) -> int:
    """Return how many of them were discovered from a day on."""
    return sum(row["discoveryDate"] >= since.isoformat() for row in rows)


def applications_kpi(estate: Estate, start: date, end: date) -> Row:
    """Return key figures of all applications discovered until the end of the period."""
    known = _known(estate, end)
    unsanctioned = [row for row in known if not row["sanctioned"]]
    return {
        "totalApplications": len(known),
        "totalApplicationsTrend": _new(known, start),
        "unsanctioned": len(unsanctioned),
        "appCategories": _totals(row["categoryName"] for row in known),
        "aiAppCategories": _totals(row["aiCategory"] for row in known),
        "appCategoriesUnsanctioned": _totals(row["categoryName"] for row in unsanctioned),
        "aiAppCategoriesUnsanctioned": _totals(row["aiCategory"] for row in unsanctioned),
        "activeUserApplications": _busiest(known),
        "activeUserApplicationsUnsanctioned": _busiest(unsanctioned),
    }


# Discovery types by the field that counts them; those of a security broker are not counted.
_DISCOVERED_BY = {
    "connectorCount": {0},
    "manuallyAddedCount": {1},
    "browserMeteringCount": {2, 7},
    "ssoCount": {3},
    "deviceCount": {4},
}


def applications_overview(estate: Estate, start: date, end: date) -> Row:
    """Return the number of applications, and of those discovered on each of the last seven days."""
    known = _known(estate, end)
    new = _new(known, start)
    not_approved = [row for row in known if not row["sanctioned"] and row["active"]]
    new_not_approved = _new(not_approved, start)
    week = []
    for days_back in range(6, -1, -1):
        day = (end - timedelta(days=min(days_back, end.toordinal() - 1))).isoformat()
        found = [row for row in known if row["discoveryDate"] == day]
        counts = {
            name: sum(bool(types.intersection(row["discoveryTypes"])) for row in found)
            for name, types in _DISCOVERED_BY.items()
        }
        week.append({"date": f"{day}T00:00:00Z", **counts})
    return {
        "total": [{"value": len(known), "trend": new}],
        "notApproved": {"value": len(not_approved), "trend": new_not_approved},
        "applicationDiscoveryLastSevenDays": week,
    }


def application_kpi(estate: Estate, application: Row) -> Row:
    """Return key figures of one application, now and thirty days ago."""
    now = {
        "monthlyCost": round(application["yearlyCost"] / 12, 2),
        "subscriptionTypes": application["licenseCount"],
        "subscriptions": application["purchased"],
        "totalUsers": application["totalUniqueUsers"],
        "unassignedSubscriptions": application["available"],
    }
    before, recent = (estate.now - timedelta(days=TREND_DAYS)).isoformat(), estate.by_id("saas_people")
    used = estate.where("saas_memberships", "applicationId", application["id"])
    held = estate.where("saas_assignments", "applicationId", application["id"])
    joined = sum(recent.get(each["userId"], {}).get("createdDate", "") > before for each in used)
    new = sum(recent.get(each["userId"], {}).get("createdDate", "") > before for each in held)
    then = {**now, "totalUsers": now["totalUsers"] - joined}
    then["unassignedSubscriptions"] = now["unassignedSubscriptions"] + new
    figures = {name: {"valueCurrent": now[name], "value30DaysAgo": then[name]} for name in now}
    return {"id": application["id"], **figures}


# --- users ---


class _History:
    """Number of users on a day, by activity. Users are never removed from the made-up company."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._created = sorted(row["createdDate"][:10] for row in rows)
        seen = [row for row in rows if row["status"] in (ACTIVE, INACTIVE)]
        self._spans = [(row["createdDate"][:10], row["lastActive"][:10]) for row in seen]
        self._silent = sorted(row["createdDate"][:10] for row in rows if row["status"] == NO_ACTIVITY)

    def on(self, day: date) -> dict[str, int]:
        """Return the totals of a day."""
        today = day.isoformat()
        limit = date.fromordinal(max(1, day.toordinal() - TREND_DAYS)).isoformat()
        total = bisect_right(self._created, today)
        inactive = sum(created <= today and last < limit for created, last in self._spans)
        return {
            "total": total,
            "added": total - bisect_left(self._created, today),
            "removed": 0,
            "inactive": inactive,
            "noActivity": bisect_right(self._silent, today),
            "active": sum(created <= today for created, _ in self._spans) - inactive,
        }


def _chart(days: Mapping[date, Mapping[str, int]], *names: str) -> list[Row]:
    return [
        {"date": f"{day.isoformat()}T00:00:00Z", **{name: counts[name] for name in names}}
        for day, counts in days.items()
    ]


def users_kpi(estate: Estate, start: date, end: date) -> Row:
    """Return key figures of all users: today, thirty days ago, and for each day of the period."""
    history, today = _History(users(estate)), estate.now.date()
    # A chart ends no later than today and covers at most a year.
    last = min(end, today)
    first = max(start, date.fromordinal(max(1, last.toordinal() - 365)))
    days = {
        date.fromordinal(number): history.on(date.fromordinal(number))
        for number in range(first.toordinal(), last.toordinal() + 1)
    }
    now, then = history.on(today), history.on(today - timedelta(days=TREND_DAYS))
    current = {today: now}
    return {
        **{name: now[name] for name in ("total", "active", "inactive", "noActivity")},
        **{f"{name}Trend": then[name] for name in ("total", "active", "inactive", "noActivity")},
        "totalChartData": _chart(days, "added", "removed", "total"),
        "activeChartData": _chart(days, "active", "total"),
        "inactiveChartData": _chart(days, "inactive", "total"),
        "noActivityChartData": _chart(days, "noActivity", "total"),
        "currentTotalChartData": _chart(current, "added", "removed", "total"),
        "currentActiveChartData": _chart(current, "active", "total"),
        "currentInactiveChartData": _chart(current, "inactive", "total"),
        "currentNoActivityChartData": _chart(current, "noActivity", "total"),
    }
