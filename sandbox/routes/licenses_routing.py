"""What the routes of the vendor's licenses file have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.api.route import Route
from sandbox.company.estate import Estate, Row
from sandbox.routes.helpers import NO_MAXIMUM, Rows
from sandbox.routes.software_routes import Children, belonging, child

LICENSES = "/api/sam/v1/licenses"
PERMISSIONS = ("sam.license.r",)


def collection(path: str, rows: Rows, filtered: bool = True) -> Route:
    """A collection with page parameters, without a declared maximum page size."""
    filter_fields: Mapping[str, str] | None = {} if filtered else None
    return Route(path, rows, PERMISSIONS, maximum_page_size=NO_MAXIMUM, filter_fields=filter_fields)


def unpaged(path: str, rows: Rows) -> Route:
    """A collection whose reply has a pagination object though the operation takes no page parameters."""
    return Route(path, rows, PERMISSIONS, page_parameters=False)


def record(path: str, rows: Rows) -> Route:
    """A single object."""
    return Route(path, rows, PERMISSIONS, shape="object", page_parameters=False)


def of_license(answer: Callable[[Estate, Row], object]) -> Rows:
    """What belongs to the license in the path."""
    return belonging("licenses", answer)


def within_license(children: Children, field: str, parameter: str) -> Rows:
    """One row among those that belong to the license in the path."""
    return child("licenses", children, field, parameter)


def of_application(answer: Callable[[Estate, Row], object]) -> Rows:
    """What belongs to the application in the path."""
    return belonging("applications", answer, "applicationId")
