"""Installations on the computers, their usage, and the counts of metering.

The tables of installations and usage grow by about 25 rows per computer. They hold only the fields of the
lists; those of the details are derived on request.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from random import Random
from typing import NamedTuple

from sandbox.company.applications import CORES, METRIC_MONTHS, MINIMUM_CORES, application_id, products_of
from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import words
from sandbox.company.vocabulary import PRODUCTS

# Days since the last use of an installation. Some are unused for a year or two, each in a different period;
# on one day, only a part of them is.
RECENT_DAYS, UNUSED_SINCE_DAYS, UNUSED_FOR_DAYS = 45.0, (95.0, 1400.0), (300.0, 700.0)
_UNUSED_OF_IDLE = 1.7
# Period in which installations are added and removed, the share that was there all the time, and the share
# that was added.
_DAYS_OF_CHANGE, _SHARE_PERMANENT, _SHARE_NEW = 500.0, 0.72, 0.16
# Products above the first share are never added or removed; below the second number of computers, a product
# is left out.
_COMMON, _FEWEST = 0.8, 1.2
# Share of the unused installations that was never used.
_NEVER_OF_IDLE = 0.45
_IDLE_PART, _IDLE_TAIL = 0.3, 0.55
# Every n-th small product was introduced or withdrawn in the last year.
_INTRODUCED, _WITHDRAWN = 7, 9
# More than this many days before the present, computers had the first release of Teams.
_OLD_TEAMS_UNTIL = 200.0


@table("computer_applications")
def computer_applications(estate: Estate) -> Iterator[Row]:
    """Yield the installations of each computer: operating system, bundles and parts, single products."""
    selection = _Selection(estate)
    timestamps = _Timestamps(estate)
    for number, computer in enumerate(estate.computers):
        rng = estate.random("installations", computer["id"])
        chosen = selection.choose(rng, computer)
        if number % 31 != 17 or estate.days_back:  # the software inventory of some computers is empty
            yield from (_installation(rng, timestamps, computer, *each) for each in chosen)


class _Entry(NamedTuple):
    """A product that computers can have, with its releases and the share of its installations that is idle.

    `parts` are those of each release if the product is a bundle. `since` and `until` are days before the
    present: the company did not have the product before `since`, and does not have it after `until`.
    """

    share: float
    releases: list[str]
    idle: float
    parts: list[list[str]]
    since: float = 1e9
    until: float = -1.0


class _Selection:
    """The applications that a computer can have, by the kind of its operating system."""

    def __init__(self, estate: Estate) -> None:
        self._days_back = estate.days_back
        self._entries: dict[str, list[_Entry]] = {"Windows": [], "macOS": [], "Linux": [], "server": []}
        for product in PRODUCTS:
            releases = [
                application_id(estate, product.manufacturer, product.name, name) for name in product.releases
            ]
            parts = [
                [application_id(estate, product.manufacturer, part, name) for part in product.parts]
                for name in product.releases
            ]
            entry = _Entry(product.clients, releases, product.idle, parts)
            # About 60 % of the computers are clients with Windows, and 30 % are servers.
            if estate.size < 30 or product.clients * estate.size * 0.6 >= _FEWEST:
                if product.platform in ("Windows", "CrossPlatform"):
                    self._entries["Windows"].append(entry)
                if product.platform in ("MacOSX", "CrossPlatform"):
                    self._entries["macOS"].append(entry)
            if estate.size < 30 or product.servers * estate.size * 0.3 >= _FEWEST / 2:
                entry = entry._replace(share=product.servers)
                if product.platform in ("Windows", "CrossPlatform"):
                    self._entries["server"].append(entry)
                if product.platform in ("Linux", "CrossPlatform", "Aix", "WMware"):
                    self._entries["Linux"].append(entry)
        self._tail = [
            _Entry(
                1.0,
                [application],
                _IDLE_TAIL,
                [],
                since=40.0 + number % 12 * 31 if number % _INTRODUCED == 3 else 1e9,
                until=20.0 + number % 11 * 31 if number % _WITHDRAWN == 5 else -1.0,
            )
            for number, application in enumerate(
                name for name, product in estate.cached("products", products_of).items() if not product.family
            )
        ]
        hypervisors = [
            application_id(estate, product.manufacturer, product.name, name)
            for product in PRODUCTS
            if product.platform == "WMware"
            for name in product.releases
        ]
        self._hypervisors = frozenset(hypervisors)
        teams = next(product for product in PRODUCTS if product.name == "Teams")
        self._old_teams = application_id(estate, teams.manufacturer, teams.name, teams.releases[0])
        self._oracle = _oracle_software(estate)

    def choose(self, rng: Random, computer: Row) -> Iterator[tuple[str, str | None, float, float | None]]:
        """Yield each application with its bundle, its idle share, and how many days ago it was installed."""
        yield computer["operatingSystemId"], None, 0.0, None
        chance, days_back, server = rng.random, self._days_back, computer["isServer"]
        is_host = server and not computer["isVirtual"] and computer["manufacturer"] != "IBM"
        for entry in self._entries[_system_kind(computer)]:
            if chance() >= entry.share:
                continue
            draw, release, upgraded = chance(), chance(), chance()
            installed = self._installed_ago(draw) if entry.share < _COMMON else None
            last = len(entry.releases) - 1
            position = last - int(release**2.5 * (last + 1))
            if position and upgraded * 1500 < days_back:
                position -= 1
            application = entry.releases[position]
            if installed is False or (application in self._hypervisors and not is_host):
                continue
            if application == self._old_teams and days_back <= _OLD_TEAMS_UNTIL:
                application = entry.releases[-1]
            yield application, None, entry.idle, installed or None
            if entry.parts:
                for number, part in enumerate(entry.parts[position]):
                    idle = entry.idle if number == 0 else _IDLE_PART * (1 + number // 4)
                    yield part, application, idle, installed or None
        known = set()
        for _ in range(int(1 + chance() * (5 if server else 11))):
            entry, draw = self._tail[int(chance() ** 1.5 * len(self._tail))], chance()
            installed = self._installed_ago(draw)
            if installed is False or not entry.until < days_back < entry.since or entry.releases[0] in known:
                continue
            known.add(entry.releases[0])
            if entry.since < 1e9:
                installed = entry.since if installed is True else min(installed, entry.since)
            yield entry.releases[0], None, entry.idle, installed or None
        for application in self._oracle.get(computer["id"], ()):
            yield application, None, 0.02, None

    def _installed_ago(self, draw: float) -> float | bool:
        """Return how many days ago an installation was made.

        `True` means that it has always been there, `False` that it is not there on the day that is shown.
        """
        if draw < _SHARE_PERMANENT:
            return True
        if draw < _SHARE_PERMANENT + _SHARE_NEW:
            day = (draw - _SHARE_PERMANENT) / _SHARE_NEW * _DAYS_OF_CHANGE
            return day if day > self._days_back else False
        gone = (draw - _SHARE_PERMANENT - _SHARE_NEW) / (1 - _SHARE_PERMANENT - _SHARE_NEW) * _DAYS_OF_CHANGE
        return gone < self._days_back


def _system_kind(computer: Row) -> str:
    system = computer["operatingSystem"]
    if "Windows" in system:
        return "server" if computer["isServer"] else "Windows"
    return "macOS" if "macOS" in system else "Linux"


# The release of the registry's product for the version of an Oracle installation.
_ORACLE_RELEASES = (
    (
        "oracle_database_servers",
        "Oracle Database Enterprise Edition",
        {"12": "12c", "19": "19c", "21": "21c"},
    ),
    ("oracle_java", "Java SE Development Kit", {"1": "8", "11": "11", "17": "17", "21": "21"}),
    ("oracle_middleware", "WebLogic Server", {"12": "12.2", "14": "14.1"}),
)


def _oracle_software(estate: Estate) -> dict[str, list[str]]:
    """Return by computer the applications that Oracle's own inventory has found."""
    found: dict[str, dict[str, None]] = {}
    databases = estate.by_id("oracle_databases")
    for name, product, releases in _ORACLE_RELEASES:
        for row in estate.built(name):
            version = (
                databases[row["databaseId"]]["productVersion"] if "databaseId" in row else row["version"]
            )
            release = releases.get(version.partition(".")[0])
            if release is not None:
                application = application_id(estate, "Oracle", product, release)
                found.setdefault(row["computerId"], {})[application] = None
    return {computer: list(applications) for computer, applications in found.items()}


class _Timestamps:
    """Timestamps as texts that all rows share, which limits the memory of a large estate."""

    def __init__(self, estate: Estate) -> None:
        rng = estate.random("moments of installations")
        self._estate = estate
        self.recent = [estate.ago(rng.random() ** 2 * RECENT_DAYS) for _ in range(500)]
        idle = [
            (left, left - rng.uniform(*UNUSED_FOR_DAYS))
            for left in (rng.uniform(*UNUSED_SINCE_DAYS) for _ in range(500))
        ]
        self.left = [
            estate.day(left) if used_again < estate.days_back < left else recent
            for (left, used_again), recent in zip(idle, self.recent, strict=True)
        ]
        self.old = [estate.day(rng.uniform(800, 1700)) for _ in range(500)]
        self._days: dict[int, str] = {}

    def day(self, days: float) -> str:
        """Return the time this many days before the present."""
        whole = int(days)
        if whole not in self._days:
            self._days[whole] = self._estate.day(whole + 0.4)
        return self._days[whole]


def _installation(
    rng: Random,
    timestamps: _Timestamps,
    computer: Row,
    application: str,
    bundle: str | None,
    idle: float,
    installed: float | bool | None,
) -> Row:
    chance, place = rng.random(), int(rng.random() * 500)
    found = timestamps.old[place] if installed is None or installed is True else timestamps.day(installed)
    found = max(found, computer["clientInstallDate"])
    used = chance >= idle * _NEVER_OF_IDLE
    last_used = None
    if used:
        is_left = chance < idle * (_NEVER_OF_IDLE + _UNUSED_OF_IDLE)
        last_used = (timestamps.left if is_left else timestamps.recent)[place]
        # A use is after the installation and not after the last scan.
        last_used = max(min(last_used, computer["lastScanDate"]), found)
    minutes = int(rng.random() * 90)
    return {
        "computerId": computer["id"],
        "applicationId": application,
        "bundleApplicationId": bundle,
        "firstDiscovered": found if rng.random() > 0.02 else None,
        "lastUsed": last_used,
        "usedCount": 1 + int(chance * (40 if chance < idle else 400)) if used else 0,
        # The vendor declares a datetime for this duration: a time of day on the first day of its calendar.
        "averageUsedTime": f"1900-01-01T{minutes // 60:02d}:{minutes % 60:02d}:00Z" if used else None,
        "isVirtual": None if rng.random() < 0.02 else rng.random() < 0.03,
        "isInstalled": True if rng.random() > 0.03 else None if rng.random() < 0.3 else False,
        "bundleUsagePercentage": int(rng.random() * 101) if bundle else None,
        "unbundled": bundle is None,
    }


def installation_detail(estate: Estate, row: Row) -> Row:
    """Return an installation with the fields that only its details have."""
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
    """Yield usage per installation, by the most frequent and sometimes also by the most recent user."""
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
    """Return when each user last used an application on any computer."""
    latest: dict[tuple[str, str, str | None], str] = {}
    for row in estate.built("computer_application_usage"):
        key = row["userId"], row["applicationId"], row["bundleApplicationId"]
        latest[key] = max(latest.get(key, ""), row["lastUsedDate"])
    return [
        {
            "userId": user,
            "applicationId": application,
            "bundleApplicationId": bundle,
            "lastUsedDate": last_used[:10],
        }
        for (user, application, bundle), last_used in latest.items()
    ]


@table("application_usage_summaries")
def application_usage_summaries(estate: Estate) -> list[Row]:
    """Return one row per installed application with the number of computers and users that use it."""
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


def _metric_of(estate: Estate, per_user: bool) -> dict[str, tuple[str, str]]:
    """Return id and name of the default metric of each application that needs a licence.

    `per_user` selects the metrics that count users, or all others. Applications counted by a custom value are
    left out: a computer has no requirement of its own for them.
    """
    metrics: dict[str, tuple[str, str]] = {}
    for row in estate.applications:
        default = next((metric for metric in row["metrics"] if metric["isDefault"]), None)
        if default is None or row["isNoLicenseRequired"] or default["name"] == "Custom metric":
            continue
        if ("user" in default["name"]) is per_user:
            metrics[row["id"]] = default["id"], default["name"]
    return metrics


def metric_period(estate: Estate) -> str:
    """Return the first day of the months in which use counts."""
    months = estate.now.year * 12 + estate.now.month - METRIC_MONTHS
    return datetime(months // 12, months % 12 + 1, 1).isoformat()


def _counted(metric: str, computer: Row) -> int:
    """Return what a metric counts of a computer."""
    if metric == CORES:
        return int(computer["coreCount"])
    if metric == "Number of processors":
        return int(computer["processorCount"])
    if metric == "Processor value unit (PVU)":
        return 70 * int(computer["coreCount"])
    return 1


@table("computer_metering")
def computer_metering(estate: Estate) -> Iterator[Row]:
    """Yield the requirement of each installation of a licensed application under its metric."""
    metrics, computers = _metric_of(estate, per_user=False), estate.by_id("computers")
    for row in _first(estate, "computer_applications", "computerId", "applicationId"):
        application, computer = row["applicationId"], computers.get(row["computerId"])
        if application not in metrics or computer is None:
            continue
        if not row["isInstalled"] or computer["status"] == "Quarantined":
            continue
        identifier, metric = metrics[application]
        outside_bundle = row["bundleApplicationId"] is None
        initial = _counted(metric, computer)
        least = max(0, MINIMUM_CORES - initial) if metric == CORES and outside_bundle else 0
        yield {
            "computerId": computer["id"],
            "metricId": identifier,
            "applicationId": application,
            **dict.fromkeys(COMPUTER_METERING_COUNTS, 0),
            "initialRequirement": initial,
            "includedInBundle": 0 if outside_bundle else initial,
            "minimumRequirement": least,
            "coreFactor": 1,
            "virtualMachine": int(bool(computer["isVirtual"])),
            "windowsServer": int(bool(computer["isIncludedInWindowsServerRequirement"])),
            "requirement": initial + least if outside_bundle else 0,
        }


@table("user_metering")
def user_metering(estate: Estate) -> Iterator[Row]:
    """Yield the requirement of each user's use of a licensed application, for metrics that count users."""
    metrics, users = _metric_of(estate, per_user=True), estate.by_id("users")
    start, found = metric_period(estate), dict[tuple[str, str], Row]()
    for row in estate.built("computer_application_user_usage"):
        application, user = row["applicationId"], users.get(row["userId"])
        if application not in metrics or user is None:
            continue
        counts = row["lastUsedDate"] >= start[:10]
        in_bundle = row["bundleApplicationId"] is not None
        earlier = found.get((user["id"], application))
        if earlier is not None and (not counts or earlier["requirement"]):
            continue
        found[user["id"], application] = {
            "id": user["id"],
            "metricID": metrics[application][0],
            "applicationId": application,
            "organizationId": user["organizationId"],
            **dict.fromkeys(USER_METERING_COUNTS, 0),
            "initialRequirement": 1,
            "includedInBundle": int(counts and in_bundle),
            "outsideMetricPeriod": int(not counts),
            "requirement": int(counts and not in_bundle),
        }
    yield from found.values()


def _first(estate: Estate, table_name: str, *fields: str) -> Iterable[Row]:
    """Return the first row of a table for each combination of some fields."""
    found: dict[tuple[str, ...], Row] = {}
    for row in estate.built(table_name):
        found.setdefault(tuple(row[field] for field in fields), row)
    return found.values()
