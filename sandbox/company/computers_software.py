"""What is installed on the computers, who uses it and what metering counts.

The tables of installations and usage grow by about 25 rows per computer: they hold the fields of the lists
alone, and what only a detail shows is derived from the row when it is asked for.
"""

from collections.abc import Iterable, Iterator
from random import Random

from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import words

# How long ago a used installation was used last, in days: most lately, a part of them not for months.
RECENT, STALE = 45.0, (95.0, 600.0)
SHARE_NEVER_USED, SHARE_STALE = 0.22, 0.2


@table("computer_applications")
def computer_applications(estate: Estate) -> Iterator[Row]:
    """Installations of each computer: the operating system, bundles with their parts, single products."""
    shelves = _Shelves(estate)
    moments = _Moments(estate)
    for number, computer in enumerate(estate.computers):
        if number % 31 != 17:  # the software inventory of some computers is empty
            rng = estate.random("installations", computer["id"])
            yield from (
                _installation(rng, moments, computer, *chosen) for chosen in shelves.choose(rng, computer)
            )


class _Shelves:
    """The applications that a computer can have, by the kind of its operating system."""

    def __init__(self, estate: Estate) -> None:
        single = [
            row for row in estate.applications if not (row["isOs"] or row["isGroup"] or row["isBundle"])
        ]
        self._by_platform = {
            "Windows": [row["id"] for row in single if row["platform"] in ("Windows", "CrossPlatform")],
            "macOS": [row["id"] for row in single if row["platform"] in ("MacOSX", "CrossPlatform")],
            "Linux": [
                row["id"] for row in single if row["platform"] in ("Linux", "CrossPlatform", "WMware", "Aix")
            ],
        }
        self._bundles: dict[str, list[str]] = {}
        for part in estate.application_bundles:
            self._bundles.setdefault(part["id"], []).append(part["childId"])

    def choose(self, rng: Random, computer: Row) -> list[tuple[str, str | None]]:
        """Pairs of an application and the bundle it came with, no pair twice."""
        system = computer["operatingSystem"]
        platform = next((name for name in self._by_platform if name in system), "Linux")
        chosen: dict[tuple[str, str | None], None] = {(computer["operatingSystemId"], None): None}
        if platform == "Windows" and not computer["isServer"]:
            for bundle in rng.sample(list(self._bundles), rng.randrange(0, 3)):
                chosen[bundle, None] = None
                chosen.update({(part, bundle): None for part in self._bundles[bundle]})
        shelf = self._by_platform[platform]
        for application in rng.sample(shelf, min(len(shelf), rng.randrange(12, 28))):
            chosen[application, None] = None
        return list(chosen)


class _Moments:
    """Times as text, made once and shared by all rows: memory for a large estate stays within bounds."""

    def __init__(self, estate: Estate) -> None:
        rng = estate.random("moments of installations")
        self.recent = [estate.ago(rng.random() * RECENT) for _ in range(500)]
        self.stale = [estate.ago(rng.uniform(*STALE)) for _ in range(500)]
        self.old = [estate.ago(rng.uniform(600, 1500)) for _ in range(500)]


def _installation(rng: Random, moments: _Moments, computer: Row, application: str, bundle: str | None) -> Row:
    chance, place = rng.random(), int(rng.random() * 500)
    used = chance >= SHARE_NEVER_USED
    last_used = None
    if used:
        last_used = (moments.stale if chance < SHARE_NEVER_USED + SHARE_STALE else moments.recent)[place]
        last_used = min(last_used, computer["lastScanDate"])  # what happens after a scan is not known yet
    minutes = int(rng.random() * 90)
    return {
        "computerId": computer["id"],
        "applicationId": application,
        "bundleApplicationId": bundle,
        "firstDiscovered": moments.old[place] if rng.random() > 0.02 else None,
        "lastUsed": last_used,
        "usedCount": 1 + int(chance * 400) if used else 0,
        # The vendor declares a date-time for this duration: the time of day on the first day of its calendar.
        "averageUsedTime": f"1900-01-01T{minutes // 60:02d}:{minutes % 60:02d}:00Z" if used else None,
        "isVirtual": None if rng.random() < 0.02 else rng.random() < 0.03,
        "isInstalled": True if rng.random() > 0.03 else None if rng.random() < 0.3 else False,
        "bundleUsagePercentage": int(rng.random() * 101) if bundle else None,
        "unbundled": bundle is None,
    }


def installation_detail(estate: Estate, row: Row) -> Row:
    """What the detail of an installation shows beyond the list."""
    rng = estate.random("installation", row["computerId"], row["applicationId"], row["bundleApplicationId"])
    usage = [
        entry
        for entry in estate.where("computer_application_usage", "computerId", row["computerId"])
        if entry["applicationId"] == row["applicationId"]
        and entry["bundleApplicationId"] == row["bundleApplicationId"]
    ]
    return {
        **row,
        "firstUsed": min((entry["firstUsed"] for entry in usage if entry["firstUsed"]), default=None),
        "usedUser": len(usage),
        "usedMinutes": sum(entry["usedMinutes"] for entry in usage),
        "usedDays": sum(entry["usedDays"] or 0 for entry in usage) if usage else None,
        "isOEM": rng.random() < 0.05,
        "isMSDN": rng.random() < 0.02,
        "isOverridden": None if rng.random() < 0.05 else rng.random() < 0.03,
        "packageGUID": None if rng.random() < 0.3 else estate.guid("package", row["applicationId"]),
        "isRecognized": True,
        "isRegistry": rng.random() < 0.9,
    }


@table("computer_application_usage")
def computer_application_usage(estate: Estate) -> Iterator[Row]:
    """Who uses which installation: the computer's most frequent user, at times the most recent one too."""
    computers = estate.by_id("computers")
    everyone = [row["id"] for row in estate.users]
    rng = estate.random("usage")
    for installation in estate.built("computer_applications"):
        if installation["lastUsed"] is None:
            continue
        computer = computers.get(installation["computerId"])
        if computer is None:
            continue
        users = [computer["mostFrequentUser"] or everyone[int(rng.random() * len(everyone))]]
        other = computer["mostRecentUser"]
        if other is not None and other != users[0] and rng.random() < 0.5:
            users.append(other)
        for user in users:
            days = 1 + int(rng.random() * min(60, installation["usedCount"]))
            yield {
                "computerId": installation["computerId"],
                "userId": user,
                "bundleApplicationId": installation["bundleApplicationId"],
                "applicationId": installation["applicationId"],
                "firstUsed": installation["firstDiscovered"],
                "lastUsedDate": installation["lastUsed"],
                "usedCount": installation["usedCount"],
                "usedMinutes": days * (1 + int(rng.random() * 200)),
                "usedDays": None if rng.random() < 0.03 else days,
                "isInstalled": installation["isInstalled"],
            }


@table("computer_application_user_usage")
def computer_application_user_usage(estate: Estate) -> list[Row]:
    """When each user last used an application, on whichever computer."""
    latest: dict[tuple[str, str, str | None], str] = {}
    for row in estate.built("computer_application_usage"):
        key = row["userId"], row["applicationId"], row["bundleApplicationId"]
        latest[key] = max(latest.get(key, ""), row["lastUsedDate"])
    return [
        {
            "userId": user,
            "applicationId": application,
            "bundleApplicationId": bundle,
            "lastUsedDate": moment[:10],
        }
        for (user, application, bundle), moment in latest.items()
    ]


@table("application_usage_summaries")
def application_usage_summaries(estate: Estate) -> list[Row]:
    """One row for each installed application: on how many computers it is used, by how many users."""
    users: dict[str, set[str]] = {}
    computers: dict[str, set[str]] = {}
    for row in estate.built("computer_application_usage"):
        users.setdefault(row["applicationId"], set()).add(row["userId"])
        computers.setdefault(row["applicationId"], set()).add(row["computerId"])
    return [
        {
            "applicationId": application,
            "computers": len(computers.get(application, ())),
            "users": len(users.get(application, ())),
            "installations": len({row["computerId"] for row in installations}),
        }
        for application, installations in estate.grouped("computer_applications", "applicationId").items()
    ]


COMPUTER_METERING_COUNTS = words(
    "initialRequirement includedInBundle outsideMetricPeriod secondaryUseRightsDesktopLaptop "
    "secondaryUseRightsDevice extendedCoverageForDcc extendedCoverageForHost "
    "multipleVersionEdition virtualDesktopInfrastructure minimumRequirement coreFactor "
    "physicalHost requirement computerAppExclusions windowsServer virtualMachine "
    "unknownPhysicalHost manuallyExcluded requirementMoved windowsServerFlag sqlServer"
)
USER_METERING_COUNTS = (*COMPUTER_METERING_COUNTS[:11], "requirement")


def _metric_of(estate: Estate, per_user: bool) -> dict[str, str]:
    """The default metric of each application to be licensed: those counted per user, or the others."""
    metrics: dict[str, str] = {}
    for row in estate.applications:
        default = next((metric for metric in row["metrics"] if metric["isDefault"]), None)
        if default and not row["isNoLicenseRequired"] and ("user" in default["name"]) is per_user:
            metrics[row["id"]] = default["id"]
    return metrics


@table("computer_metering")
def computer_metering(estate: Estate) -> Iterator[Row]:
    """The requirement that an installation of a licensed application causes under its metric."""
    metrics, computers = _metric_of(estate, per_user=False), estate.by_id("computers")
    for row in _first(estate, "computer_applications", "computerId", "applicationId"):
        application, computer = row["applicationId"], computers.get(row["computerId"])
        if application in metrics and computer is not None:
            outside_bundle = row["bundleApplicationId"] is None
            initial = max(1, computer["coreCount"])
            yield {
                "computerId": computer["id"],
                "metricId": metrics[application],
                "applicationId": application,
                **dict.fromkeys(COMPUTER_METERING_COUNTS, 0),
                "initialRequirement": initial,
                "includedInBundle": int(not outside_bundle),
                "coreFactor": 1,
                "virtualMachine": int(bool(computer["isVirtual"])),
                "windowsServer": int(bool(computer["isIncludedInWindowsServerRequirement"])),
                "requirement": initial if outside_bundle else 0,
            }


@table("user_metering")
def user_metering(estate: Estate) -> Iterator[Row]:
    """The requirement that a user's use of a licensed application causes, for metrics that count users."""
    metrics, users = _metric_of(estate, per_user=True), estate.by_id("users")
    for row in _first(estate, "computer_application_usage", "userId", "applicationId"):
        application, user = row["applicationId"], users.get(row["userId"])
        if application in metrics and user is not None:
            yield {
                "id": user["id"],
                "metricID": metrics[application],
                "applicationId": application,
                "organizationId": user["organizationId"],
                **dict.fromkeys(USER_METERING_COUNTS, 0),
                "initialRequirement": 1,
                "requirement": 1,
            }


def _first(estate: Estate, table_name: str, *fields: str) -> Iterable[Row]:
    """The first row of a table for each combination of some fields."""
    found: dict[tuple[str, ...], Row] = {}
    for row in estate.built(table_name):
        found.setdefault(tuple(row[field] for field in fields), row)
    return found.values()
