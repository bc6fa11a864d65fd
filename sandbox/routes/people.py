"""Operations of the vendor's user accounts and mobile devices files."""

from sandbox.api.route import Route
from sandbox.company.computers_software import USER_METERING_COUNTS
from sandbox.routes.helpers import NO_MAXIMUM, Rows, children, listing, record

BASE = "/api/sam/estate/v1"
USERS, MOBILE_DEVICES = ("sam.user.r",), ("sam.mobiledevice.r",)

USER_LINK = "api/sam/estate/v1/user-accounts/{id}"
DISCOVERY_LINK = "api/sam/estate/v1/user-accounts-discovery/{objectId}"
MOBILE_DEVICE_LINK = "api/sam/estate/v1/mobiledevices/{id}"

USER_LIST_FIELDS = ("id", "userName", "status", "email", "fullName")
USER_DETAIL_FIELDS = (
    *USER_LIST_FIELDS,
    "organizationId",
    "phoneNumber",
    "location",
    "roomNumber",
    "quarantineDate",
    "lastLogon",
    "lastUpdate",
    "updatedDate",
    "updatedBy",
)
DISCOVERY_LIST_FIELDS = ("objectId", "domainName", "samAccountName", "email")
DISCOVERY_DETAIL_FIELDS = (
    *DISCOVERY_LIST_FIELDS,
    "firstName",
    "lastName",
    "homePhoneNumber",
    "mobilePhoneNumber",
    "lastLogonActivity",
    "whenCreated",
    "whenChanged",
    "isEnabled",
    "userAccountControl",
    "managerName",
    "managerEmail",
    "organizationalUnit",
    "userPrincipalName",
)
METERING_FIELDS = ("id", "metricID", "applicationId", "organizationId", *USER_METERING_COUNTS)
# The file spells two of these applicationID and organizationID; the server ignores the case of names.
METERING_FILTER = {"metricID": "string", "applicationId": "string", "organizationId": "string"}
MOBILE_LIST_FIELDS = (
    "id",
    "name",
    "organizationId",
    "manufacturer",
    "model",
    "operatingSystem",
    "phoneNumber",
    "status",
    "isTablet",
)
MOBILE_DETAIL_FIELDS = (
    *MOBILE_LIST_FIELDS,
    "manufacturerWebsite",
    "ipAddresses",
    "isAutoEditingEnabled",
    "isQuarantineManagementDisabled",
    "quarantineDate",
    "clientConfigurationName",
    "clientInstallDate",
    "clientSiteName",
    "clientVersion",
    "scannerVersion",
    "scanIdentifier",
    "notes",
    "securityCode",
    "hasExchangeProfile",
    "imei",
    "imsi",
    "networkType",
    "operator",
    "operatorCountry",
    "isRoamingEnabled",
    "biosSerialNumber",
    "architecture",
)


def _collection(path: str, rows: Rows, filter_fields: dict[str, str]) -> Route:
    return Route(
        f"{BASE}/{path}",
        rows,
        USERS,
        maximum_page_size=NO_MAXIMUM,
        totals="pages",
        filter_fields=filter_fields,
    )


def _object(path: str, rows: Rows, permissions: tuple[str, ...]) -> Route:
    return Route(f"{BASE}/{path}", rows, permissions, shape="object", page_parameters=False)


ROUTES: list[Route] = [
    _collection(
        "user-accounts",
        listing("users", USER_LIST_FIELDS, ("location", "lastLogon", "orgHierarchy"), USER_LINK),
        {"userName": "string", "status": "string", "fullName": "string"},
    ),
    _object("user-accounts/{id}", record("users", USER_DETAIL_FIELDS, link=USER_LINK), USERS),
    _collection(
        "user-accounts-discovery",
        listing("user_discoveries", DISCOVERY_LIST_FIELDS, link=DISCOVERY_LINK),
        {"domainName": "string", "samAccountName": "string", "email": "string"},
    ),
    _object(
        "user-accounts-discovery/{id}",
        record("user_discoveries", DISCOVERY_DETAIL_FIELDS, link=DISCOVERY_LINK, key="objectId"),
        USERS,
    ),
    _collection(
        "user-accounts-metering", listing("user_metering", METERING_FIELDS, link=USER_LINK), METERING_FILTER
    ),
    _collection(
        "user-accounts/{id}/metering",
        children("users", "user_metering", "id", METERING_FIELDS, USER_LINK),
        METERING_FILTER,
    ),
    Route(
        f"{BASE}/mobiledevices",
        listing("mobile_devices", MOBILE_LIST_FIELDS, link=MOBILE_DEVICE_LINK),
        MOBILE_DEVICES,
        totals="none",
        filter_fields={},
    ),
    _object(
        "mobiledevices/{id}",
        record("mobile_devices", MOBILE_DETAIL_FIELDS, link=MOBILE_DEVICE_LINK),
        MOBILE_DEVICES,
    ),
]
