"""The differences of the company between two days, for comparison with a history in a warehouse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from sandbox.company import agreements
from sandbox.company.estate import Change, Estate, Row, comparison


@comparison
def _computers(earlier: Estate, later: Estate) -> Iterator[Change]:
    before, after = earlier.by_id("computers"), later.by_id("computers")
    for kind, rows, others in (("computer added", after, before), ("computer retired", before, after)):
        for identifier, row in rows.items():
            if identifier not in others:
                yield Change(kind, identifier, row["hostName"], 1)


def installed(estate: Estate) -> Counter[str]:
    """Return on how many computers each application is installed."""
    return Counter(
        application
        for _, application in {
            (row["computerId"], row["applicationId"])
            for row in estate.built("computer_applications")
            if row["isInstalled"]
        }
    )


@comparison
def _applications(earlier: Estate, later: Estate) -> Iterator[Change]:
    before, after, names = installed(earlier), installed(later), later.by_id("applications")
    for kind, rows, others in (
        ("application appeared", after, before),
        ("application vanished", before, after),
    ):
        for application, count in rows.items():
            if application not in others:
                yield Change(kind, application, names[application]["name"], count)


@comparison
def _support(earlier: Estate, later: Estate) -> Iterator[Change]:
    """Yield installed software whose last support ended."""
    counts = installed(later)
    for row in later.applications:
        ends = max(row["endOfSupportDate"] or "", row["endOfExtendedSupportDate"] or "")
        if ends and earlier.ago(0) <= ends < later.ago(0) and row["id"] in counts:
            yield Change("support ended", row["id"], row["name"], counts[row["id"]], ends[:10])


@comparison
def _licenses(earlier: Estate, later: Estate) -> Iterator[Change]:
    before, names = earlier.by_id("licenses"), later.by_id("applications")
    for row in later.built("licenses"):
        application = names.get(row["applicationId"])
        name, quantity = application["name"] if application else "", row["quantity"] or 0
        known = before.get(row["id"])
        if known is None:
            yield Change("licence bought", row["id"], name, quantity, row["purchaseDate"][:10])
        elif known["subscriptionValidTo"] != row["subscriptionValidTo"]:
            day = row["subscriptionValidFrom"][:10]
            yield Change("subscription renewed", row["id"], name, quantity, day)
        elif row["isSubscription"] and _ended(row["subscriptionValidTo"], earlier, later):
            day = row["subscriptionValidTo"][:10]
            yield Change("subscription expired", row["id"], name, quantity, day)


def _ended(end: str | None, earlier: Estate, later: Estate) -> bool:
    return end is not None and earlier.ago(0) <= end < later.ago(0)


@comparison
def _periods(earlier: Estate, later: Estate) -> Iterator[Change]:
    """Yield periods that were added to others, and last periods that ended without a successor."""

    def of(table: str) -> Callable[[Estate], dict[str, tuple[str, list[Row]]]]:
        return lambda estate: {
            row["id"]: (row["name"] or "", agreements.periods(estate, row)) for row in estate.built(table)
        }

    def maintenance(estate: Estate) -> dict[str, tuple[str, list[Row]]]:
        rows = estate.grouped("license_maintenance_periods", "licenseId")
        names = estate.by_id("licenses")
        return {each: (names[each]["productDescription"] or "", rows[each]) for each in rows if each in names}

    for kind, find in (
        ("maintenance", maintenance),
        ("agreement", of("agreements")),
        ("contract", of("contracts")),
    ):
        before, after = find(earlier), find(later)
        for identifier, (name, rows) in after.items():
            known = {row["validFrom"] for row in before.get(identifier, ("", []))[1]}
            new = [row for row in rows if row["validFrom"] not in known]
            if known and new:
                yield Change(
                    f"{kind} renewed", identifier, name, len(new), max(row["validFrom"] for row in new)[:10]
                )
            last = max((row["validTo"] for row in rows), default="")
            if known and last and _ended(last, earlier, later):
                yield Change(f"{kind} expired", identifier, name, 1, last[:10])


@comparison
def _seats(earlier: Estate, later: Estate) -> Iterator[Change]:
    def held(estate: Estate) -> set[tuple[str, str]]:
        return {(row["subscriptionId"], row["userId"]) for row in estate.built("saas_assignments")}

    before, after, names = held(earlier), held(later), later.by_id("saas_subscriptions")
    for kind, seats in (("seat taken", after - before), ("seat released", before - after)):
        for subscription, user in seats:
            yield Change(kind, subscription, names[subscription]["name"], 1, of=user)
