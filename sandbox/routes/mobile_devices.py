"""Operations of the vendor's mobile devices file."""

from sandbox.api.route import Route
from sandbox.routes.helpers import Area, listing, record

_AREA = Area("/api/sam/estate/v1/", "sam.mobiledevice.r", totals="none", filter_fields={})
_DEVICE = "api/sam/estate/v1/mobiledevices/{id}"
_LIST = "id name organizationId manufacturer model operatingSystem phoneNumber status isTablet"
_DETAIL = (
    f"{_LIST} manufacturerWebsite ipAddresses isAutoEditingEnabled isQuarantineManagementDisabled "
    "quarantineDate clientConfigurationName clientInstallDate clientSiteName clientVersion scannerVersion "
    "scanIdentifier notes securityCode hasExchangeProfile imei imsi networkType operator operatorCountry "
    "isRoamingEnabled biosSerialNumber architecture"
)

ROUTES: list[Route] = [
    _AREA.collection("mobiledevices", listing("mobile_devices", _LIST, _DEVICE)),
    _AREA.single("mobiledevices/{id}", record("mobile_devices", _DETAIL, _DEVICE)),
]
