"""Operations of the vendor's computers file."""

from sandbox.api.route import Route
from sandbox.company import computers_activity as activity
from sandbox.company import computers_hardware as hardware
from sandbox.company.computers_software import COMPUTER_METERING_COUNTS, installation_detail
from sandbox.routes.helpers import NO_MAXIMUM, Area, children, derived, first_matching, listing, record

# A filter without listed fields, and no maximum page size.
_AREA = Area("/api/sam/estate/v1/", "sam.computer.r", maximum_page_size=NO_MAXIMUM, filter_fields={})

# Where the links of the rows point.
_SELF = "api/sam/estate/v1/computers/{id}"
_COMPUTER = "api/sam/estate/v1/computers/{computerId}"
_INSTALLATION = f"{_COMPUTER}/applications/{{applicationId}}"
_LOGON = f"{_COMPUTER}/logonhistory/{{userId}}"
_APPLICATION = "api/sam/software-registry/v1/applications/{applicationId}"
_CONTRACT = "api/sam/v2/contracts/{contractId}"

_LIST = (
    "id hostName hostComputerId mostFrequentUser mostRecentUser manufacturer isPortable isVirtual "
    "isServer model operatingSystem vendor domain ipAddress isVDI lastScanDate status "
    "organizationId processorCount coreCount"
)
# Users of the API report these fields in the list, although the vendor's file does not declare them.
_UNDECLARED = "biosSerialNumber clientVersion organizationHierarchy"
_DETAIL = (
    "id scanIdentifier hostName domain lastScanDate biosSerialNumber biosVersion biosDate manufacturer "
    "manufacturerWebsite model isPortable infoTransferDate clientInstallDate clientVersion clientSiteName "
    "clientConfigurationName scannerVersion quarantineDate isQuarantineManagementDisabled operatingSystem "
    "operatingSystemId operatingSystemServicePack operatingSystemSerialNumber ipAddress isVirtual "
    "hostComputerId siblingComputerId isUpdated is64bit isServer hypervisorName isVdi processorValueUnit "
    "reportingDate architecture organizationId status isAutoEditingDisabled purchaseDate purchaseValue "
    "purchaseCurrency purchaseValueBase invoiceReference notes securityCode updatedDate "
    "isIncludedInWindowsServerRequirement mostRecentUser mostFrequentUser vendor processorCount coreCount"
)
_INSTALLATION_DETAIL = (
    "computerId applicationId bundleApplicationId firstDiscovered lastUsed usedCount averageUsedTime "
    "isVirtual isInstalled unbundled firstUsed usedUser usedMinutes usedDays isOEM isMSDN isOverridden "
    "packageGUID isRecognized isRegistry"
)
_METERING_FIELDS = f"computerId metricId applicationId {' '.join(COMPUTER_METERING_COUNTS)}"
_VARIABLE_FIELDS = "computerId environmentVariableName environmentVariableValue"

# Table, fields and link of the operations for all computers, for one computer, or for both.
_INSTALLATIONS = (
    "computer_applications",
    "computerId applicationId bundleApplicationId firstDiscovered lastUsed usedCount averageUsedTime "
    "isVirtual isInstalled bundleUsagePercentage unbundled",
    _INSTALLATION,
)
_USAGE = (
    "computer_application_usage",
    "computerId userId bundleApplicationId applicationId firstUsed lastUsedDate usedCount "
    "usedMinutes usedDays isInstalled",
    _INSTALLATION,
)
_USER_USAGE = (
    "computer_application_user_usage",
    "userId applicationId bundleApplicationId lastUsedDate",
    _APPLICATION,
)
_SUMMARIES = "application_usage_summaries", "applicationId computers users installations", _APPLICATION
_METERING = "computer_metering", _METERING_FIELDS, _COMPUTER
_ADAPTERS = "computer_network_adapters", "computerId name ipAddress macAddress", _COMPUTER
_VARIABLES = "computer_environment_variables", _VARIABLE_FIELDS, _COMPUTER
_LOGONS = "computer_logons", "computerId userId lastLogon logonCount", _LOGON

_of_computer = "computers", "computerId"
_installed = first_matching(
    children(*_of_computer, "computer_applications"), "applicationId", "applicationid"
)
_logons = children(*_of_computer, *_LOGONS)

# These operations return a single object but accept the parameters of a collection.
_LIKE_A_COLLECTION = {"filter_fields": {}, "query": {"page_number": False, "page_size": False}}

ROUTES: list[Route] = [
    _AREA.collection("computers", listing("computers", _LIST, _SELF, _UNDECLARED), default_page_size=25),
    _AREA.single("computers/{id}", record("computers", _DETAIL, _SELF, "organizationHierarchy")),
    _AREA.collection("computers-applications", listing(*_INSTALLATIONS)),
    _AREA.collection("computers/{id}/applications", children(*_of_computer, *_INSTALLATIONS)),
    _AREA.single(
        "computers/{id}/applications/{applicationid}",
        derived(_installed, installation_detail, _INSTALLATION_DETAIL, _INSTALLATION),
    ),
    _AREA.collection("computers-application-usage", listing(*_USAGE)),
    _AREA.collection("computers-application-user-usage", listing(*_USER_USAGE)),
    _AREA.collection("computers-application-usage/summaries", listing(*_SUMMARIES)),
    _AREA.collection("computers-metering", listing(*_METERING)),
    _AREA.collection("computers/{id}/metering", children(*_of_computer, *_METERING)),
    _AREA.collection("computers-networkadapters", listing(*_ADAPTERS)),
    _AREA.collection("computers/{id}/hardware/networkadapters", children(*_of_computer, *_ADAPTERS)),
    _AREA.collection("computers-environment-variables", listing(*_VARIABLES)),
    _AREA.collection("computers/{id}/environment-variables", children(*_of_computer, *_VARIABLES)),
    _AREA.collection("computers/{id}/logonhistory", _logons),
    _AREA.single("computers/{id}/logonhistory/{userid}", first_matching(_logons, "userId", "userid")),
    _AREA.collection(
        "computers-logonhistory/{userid}", children("users", "userId", *_LOGONS, parameter="userid")
    ),
    *(
        _AREA.single(f"computers/{{id}}/{path}", derived("computers", make, link=_COMPUTER), **declared)
        for path, make, declared in (
            ("costs", activity.costs, {}),
            ("hardware", hardware.hardware, {}),
            ("hardware/cpu/socketmap", hardware.socket_map, {}),
            ("hardware/displayadapters", hardware.display_adapter, _LIKE_A_COLLECTION),
            ("hardware/monitors", hardware.monitor, _LIKE_A_COLLECTION),
        )
    ),
    *(
        _AREA.collection(f"computers/{{id}}/{path}", derived("computers", make, link=link))
        for path, make, link in (
            ("contracts", activity.contracts_of, _CONTRACT),
            ("remote-clients", activity.remote_clients, ""),
            ("virtual-machines", activity.virtual_machines, _SELF),
            ("hardware/cpu", hardware.processors, _COMPUTER),
            ("hardware/disks/logical", hardware.logical_disks, _COMPUTER),
            ("hardware/harddrives", hardware.hard_drives, _COMPUTER),
            ("hardware/opticaldrives", hardware.optical_drives, _COMPUTER),
            ("registry", hardware.registries, _COMPUTER),
        )
    ),
]
