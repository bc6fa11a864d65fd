"""Operations of the vendor's user accounts file."""

from sandbox.api.route import Route
from sandbox.company.computers_software import USER_METERING_COUNTS
from sandbox.routes.helpers import NO_MAXIMUM, Area, children, listing, record

_AREA = Area("/api/sam/estate/v1/", "sam.user.r", maximum_page_size=NO_MAXIMUM, totals="pages")
_USER = "api/sam/estate/v1/user-accounts/{id}"
_DISCOVERY = "api/sam/estate/v1/user-accounts-discovery/{objectId}"
_USER_LIST = "id userName status email fullName"
_USER_DETAIL = (
    f"{_USER_LIST} organizationId phoneNumber location roomNumber quarantineDate lastLogon "
    "lastUpdate updatedDate updatedBy"
)
_DISCOVERY_LIST = "objectId domainName samAccountName email"
_DISCOVERY_DETAIL = (
    f"{_DISCOVERY_LIST} firstName lastName homePhoneNumber mobilePhoneNumber lastLogonActivity whenCreated "
    "whenChanged isEnabled userAccountControl managerName managerEmail organizationalUnit userPrincipalName"
)
_METERING = (
    "user_metering",
    f"id metricID applicationId organizationId {' '.join(USER_METERING_COUNTS)}",
    _USER,
)
# The file spells two of these applicationID and organizationID; the server ignores the case of names.
_METERING_FILTER = {"metricID": "string", "applicationId": "string", "organizationId": "string"}

ROUTES: list[Route] = [
    _AREA.collection(
        "user-accounts",
        listing("users", _USER_LIST, _USER, "location lastLogon orgHierarchy"),
        filter_fields={"userName": "string", "status": "string", "fullName": "string"},
    ),
    _AREA.single("user-accounts/{id}", record("users", _USER_DETAIL, _USER)),
    _AREA.collection(
        "user-accounts-discovery",
        listing("user_discoveries", _DISCOVERY_LIST, _DISCOVERY),
        filter_fields={"domainName": "string", "samAccountName": "string", "email": "string"},
    ),
    _AREA.single(
        "user-accounts-discovery/{id}",
        record("user_discoveries", _DISCOVERY_DETAIL, _DISCOVERY, key="objectId"),
    ),
    _AREA.collection("user-accounts-metering", listing(*_METERING), filter_fields=_METERING_FILTER),
    _AREA.collection(
        "user-accounts/{id}/metering", children("users", "id", *_METERING), filter_fields=_METERING_FILTER
    ),
]
