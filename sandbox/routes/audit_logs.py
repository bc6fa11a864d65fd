"""The operation of the vendor's audit logs file."""

from collections.abc import Sequence

from sandbox.api.route import Route
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import Parameters, select_fields

_FIELDS = (
    "accountId actorId actorTenantId archiveUntil category created httpMethod id identityName ipAddress "
    "message resourceId resourceName source tenantId type url userId"
)
_TEXTS = "accountId identityName ipAddress resourceId resourceName source type userId"


def _audit_logs(estate: Estate, _path: Parameters, query: Parameters) -> Sequence[Row]:
    wants_attachments = query.get("attachments", "").lower() == "true"
    return select_fields(
        estate.built("audit_logs"), _FIELDS, extra="attachments" if wants_attachments else ""
    )


ROUTES: list[Route] = [
    Route(
        "/api/audit/v2/logs",
        _audit_logs,
        ("audit.logs.app.r",),
        shape="array",
        page_parameters=False,
        # The vendor's table calls `created` a string, but only dates can be compared by order.
        filter_fields={**dict.fromkeys(_TEXTS.split(), "string"), "category": "number", "created": "date"},
        query={"attachments": False},
        links="",
    )
]
