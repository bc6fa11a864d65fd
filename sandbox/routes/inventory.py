"""Operations of the vendor's inventory files: the sources that reported a device, and what each reported."""

from sandbox.api.route import Route
from sandbox.company import inventory
from sandbox.routes.helpers import Area, derived, listing

_AREA = Area("/api/inventory/v1/device/", filter_fields={})

ROUTES: list[Route] = [
    _AREA.collection(
        "metadata", listing("inventory_devices", "tenantId hostname originalBlobId deviceId source")
    ),
    # The vendor declares a filter for these single objects.
    _AREA.single(
        "{deviceId}/data", derived("computers", inventory.device_data, parameter="deviceId"), filter_fields={}
    ),
    _AREA.single(
        "{deviceId}/software",
        derived("computers", inventory.device_software, parameter="deviceId"),
        filter_fields={},
    ),
]
