"""Operations of the vendor's computers file."""

from collections.abc import Callable

from sandbox.api.route import Route
from sandbox.company import computers_activity as activity_data
from sandbox.company import computers_hardware as hardware_data
from sandbox.company.computers_software import COMPUTER_METERING_COUNTS, installation_detail
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import (
    NO_MAXIMUM,
    Parameters,
    Rows,
    View,
    children,
    listing,
    project,
    record,
)

BASE = "/api/sam/estate/v1"
PERMISSIONS = ("sam.computer.r",)

# Where the links of the rows point.
SELF_LINK = "api/sam/estate/v1/computers/{id}"
COMPUTER_LINK = "api/sam/estate/v1/computers/{computerId}"
INSTALLATION_LINK = COMPUTER_LINK + "/applications/{applicationId}"
LOGON_LINK = COMPUTER_LINK + "/logonhistory/{userId}"
APPLICATION_LINK = "api/sam/software-registry/v1/applications/{applicationId}"
CONTRACT_LINK = "api/sam/v2/contracts/{contractId}"

LIST_FIELDS = (
    "id",
    "hostName",
    "hostComputerId",
    "mostFrequentUser",
    "mostRecentUser",
    "manufacturer",
    "isPortable",
    "isVirtual",
    "isServer",
    "model",
    "operatingSystem",
    "vendor",
    "domain",
    "ipAddress",
    "isVDI",
    "lastScanDate",
    "status",
    "organizationId",
    "processorCount",
    "coreCount",
)
DETAIL_FIELDS = (
    "id",
    "scanIdentifier",
    "hostName",
    "domain",
    "lastScanDate",
    "biosSerialNumber",
    "biosVersion",
    "biosDate",
    "manufacturer",
    "manufacturerWebsite",
    "model",
    "isPortable",
    "infoTransferDate",
    "clientInstallDate",
    "clientVersion",
    "clientSiteName",
    "clientConfigurationName",
    "scannerVersion",
    "quarantineDate",
    "isQuarantineManagementDisabled",
    "operatingSystem",
    "operatingSystemId",
    "operatingSystemServicePack",
    "operatingSystemSerialNumber",
    "ipAddress",
    "isVirtual",
    "hostComputerId",
    "siblingComputerId",
    "isUpdated",
    "is64bit",
    "isServer",
    "hypervisorName",
    "isVdi",
    "processorValueUnit",
    "reportingDate",
    "architecture",
    "organizationId",
    "status",
    "isAutoEditingDisabled",
    "purchaseDate",
    "purchaseValue",
    "purchaseCurrency",
    "purchaseValueBase",
    "invoiceReference",
    "notes",
    "securityCode",
    "updatedDate",
    "isIncludedInWindowsServerRequirement",
    "mostRecentUser",
    "mostFrequentUser",
    "vendor",
    "processorCount",
    "coreCount",
)
# Clients report these in replies of the list, although the vendor's file does not declare them.
UNDECLARED_FIELDS = ("biosSerialNumber", "clientVersion", "organizationHierarchy")
INSTALLATION_FIELDS = (
    "computerId",
    "applicationId",
    "bundleApplicationId",
    "firstDiscovered",
    "lastUsed",
    "usedCount",
    "averageUsedTime",
    "isVirtual",
    "isInstalled",
    "bundleUsagePercentage",
    "unbundled",
)
INSTALLATION_DETAIL_FIELDS = (
    *(name for name in INSTALLATION_FIELDS if name != "bundleUsagePercentage"),
    "firstUsed",
    "usedUser",
    "usedMinutes",
    "usedDays",
    "isOEM",
    "isMSDN",
    "isOverridden",
    "packageGUID",
    "isRecognized",
    "isRegistry",
)
USAGE_FIELDS = (
    "computerId",
    "userId",
    "bundleApplicationId",
    "applicationId",
    "firstUsed",
    "lastUsedDate",
    "usedCount",
    "usedMinutes",
    "usedDays",
    "isInstalled",
)
USER_USAGE_FIELDS = ("userId", "applicationId", "bundleApplicationId", "lastUsedDate")
SUMMARY_FIELDS = ("applicationId", "computers", "users", "installations")
METERING_FIELDS = ("computerId", "metricId", "applicationId", *COMPUTER_METERING_COUNTS)
NETWORK_ADAPTER_FIELDS = ("computerId", "name", "ipAddress", "macAddress")
ENVIRONMENT_VARIABLE_FIELDS = ("computerId", "environmentVariableName", "environmentVariableValue")
LOGON_FIELDS = ("computerId", "userId", "lastLogon", "logonCount")


def _collection(path: str, rows: Rows, default_page_size: int = 100) -> Route:
    """A collection as this file declares all of them: filter without listed fields, no maximum page size."""
    return Route(
        f"{BASE}/{path}",
        rows,
        PERMISSIONS,
        default_page_size=default_page_size,
        maximum_page_size=NO_MAXIMUM,
        filter_fields={},
    )


def _object(path: str, rows: Rows) -> Route:
    return Route(f"{BASE}/{path}", rows, PERMISSIONS, shape="object", page_parameters=False)


def _object_declared_as_collection(path: str, rows: Rows) -> Route:
    """A single object, although the operation takes the parameters of a collection."""
    return Route(
        f"{BASE}/{path}",
        rows,
        PERMISSIONS,
        shape="object",
        page_parameters=False,
        filter_fields={},
        query={"page_number": False, "page_size": False},
    )


def _of_computer(make: Callable[[Estate, Row], Row | None]) -> Rows:
    """The one object that a function makes for the computer in the path."""

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        computer = estate.by_id("computers").get(path["id"])
        made = make(estate, computer) if computer else None
        return made and project(made, link=COMPUTER_LINK)

    return rows


def _list_of_computer(make: Callable[[Estate, Row], list[Row]], link: str) -> Rows:
    """The rows that a function makes for the computer in the path, kept as a table of that computer."""

    def rows(estate: Estate, path: Parameters, query: Parameters) -> object:
        computer = estate.by_id("computers").get(path["id"])
        if computer is None:
            return None
        table = estate.table(f"{make.__name__}/{computer['id']}", lambda _: make(estate, computer))
        return View(table, link=link)

    return rows


def _installation(estate: Estate, path: Parameters, query: Parameters) -> object:
    installed = estate.grouped("computer_applications", "computerId").get(path["id"], [])
    found = next((row for row in installed if row["applicationId"] == path["applicationid"]), None)
    return found and project(
        installation_detail(estate, found), INSTALLATION_DETAIL_FIELDS, link=INSTALLATION_LINK
    )


def _logon(estate: Estate, path: Parameters, query: Parameters) -> object:
    logons = estate.grouped("computer_logons", "computerId").get(path["id"], [])
    found = next((row for row in logons if row["userId"] == path["userid"]), None)
    return found and project(found, LOGON_FIELDS, link=LOGON_LINK)


# The tables that one operation shows for all computers and another for the computer in the path.
_INSTALLATIONS = "computer_applications", INSTALLATION_FIELDS, INSTALLATION_LINK
_METERING = "computer_metering", METERING_FIELDS, COMPUTER_LINK
_NETWORK_ADAPTERS = "computer_network_adapters", NETWORK_ADAPTER_FIELDS, COMPUTER_LINK
_ENVIRONMENT_VARIABLES = "computer_environment_variables", ENVIRONMENT_VARIABLE_FIELDS, COMPUTER_LINK
_LOGONS = "computer_logons", LOGON_FIELDS, LOGON_LINK


def _bulk(table: str, fields: tuple[str, ...], link: str) -> Rows:
    return listing(table, fields, link=link)


def _of_each(table: str, fields: tuple[str, ...], link: str) -> Rows:
    return children("computers", table, "computerId", fields, link)


ROUTES: list[Route] = [
    _collection(
        "computers", listing("computers", LIST_FIELDS, UNDECLARED_FIELDS, SELF_LINK), default_page_size=25
    ),
    _object("computers/{id}", record("computers", DETAIL_FIELDS, ("organizationHierarchy",), SELF_LINK)),
    _collection("computers-applications", _bulk(*_INSTALLATIONS)),
    _collection("computers/{id}/applications", _of_each(*_INSTALLATIONS)),
    _object("computers/{id}/applications/{applicationid}", _installation),
    _collection(
        "computers-application-usage",
        listing("computer_application_usage", USAGE_FIELDS, link=INSTALLATION_LINK),
    ),
    _collection(
        "computers-application-user-usage",
        listing("computer_application_user_usage", USER_USAGE_FIELDS, link=APPLICATION_LINK),
    ),
    _collection(
        "computers-application-usage/summaries",
        listing("application_usage_summaries", SUMMARY_FIELDS, link=APPLICATION_LINK),
    ),
    _collection("computers-metering", _bulk(*_METERING)),
    _collection("computers/{id}/metering", _of_each(*_METERING)),
    _collection("computers-networkadapters", _bulk(*_NETWORK_ADAPTERS)),
    _collection("computers/{id}/hardware/networkadapters", _of_each(*_NETWORK_ADAPTERS)),
    _collection("computers-environment-variables", _bulk(*_ENVIRONMENT_VARIABLES)),
    _collection("computers/{id}/environment-variables", _of_each(*_ENVIRONMENT_VARIABLES)),
    _collection("computers/{id}/logonhistory", _of_each(*_LOGONS)),
    _object("computers/{id}/logonhistory/{userid}", _logon),
    _collection(
        "computers-logonhistory/{userid}",
        children("users", "computer_logons", "userId", LOGON_FIELDS, LOGON_LINK, parameter="userid"),
    ),
    _object("computers/{id}/costs", _of_computer(activity_data.costs)),
    _collection("computers/{id}/contracts", _list_of_computer(activity_data.contracts_of, CONTRACT_LINK)),
    _collection("computers/{id}/remote-clients", _list_of_computer(activity_data.remote_clients, "")),
    _collection(
        "computers/{id}/virtual-machines", _list_of_computer(activity_data.virtual_machines, SELF_LINK)
    ),
    _object("computers/{id}/hardware", _of_computer(hardware_data.hardware)),
    _collection("computers/{id}/hardware/cpu", _list_of_computer(hardware_data.processors, COMPUTER_LINK)),
    _object("computers/{id}/hardware/cpu/socketmap", _of_computer(hardware_data.socket_map)),
    _collection(
        "computers/{id}/hardware/disks/logical", _list_of_computer(hardware_data.logical_disks, COMPUTER_LINK)
    ),
    _collection(
        "computers/{id}/hardware/harddrives", _list_of_computer(hardware_data.hard_drives, COMPUTER_LINK)
    ),
    _collection(
        "computers/{id}/hardware/opticaldrives",
        _list_of_computer(hardware_data.optical_drives, COMPUTER_LINK),
    ),
    _object_declared_as_collection(
        "computers/{id}/hardware/displayadapters", _of_computer(hardware_data.display_adapter)
    ),
    _object_declared_as_collection("computers/{id}/hardware/monitors", _of_computer(hardware_data.monitor)),
    _collection("computers/{id}/registry", _list_of_computer(hardware_data.registries, COMPUTER_LINK)),
]
