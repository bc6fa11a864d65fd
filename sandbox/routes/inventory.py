"""Operations of the vendor's inventory files: which sources reported a device, and what each of them sent."""

from sandbox.api.route import Route
from sandbox.company import inventory
from sandbox.routes.helpers import Area, listing, made

_AREA = Area("/api/inventory/v1/device/", filter_fields={})

ROUTES: list[Route] = [
    _AREA.collection(
        "metadata", listing("inventory_devices", "tenantId hostname originalBlobId deviceId source")
    ),
    # The vendor declares a filter for these single objects.
    _AREA.single(
        "{deviceId}/data", made("computers", inventory.device_data, parameter="deviceId"), filter_fields={}
    ),
    _AREA.single(
        "{deviceId}/software",
        made("computers", inventory.device_software, parameter="deviceId"),
        filter_fields={},
    ),
]
