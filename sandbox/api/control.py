"""The control interface over HTTP, for tests in other processes.

Everything lies under ``/_sandbox/`` and speaks JSON.

| request | effect |
|---|---|
| ``GET stats``, ``DELETE stats`` | the counts; start them from zero |
| ``GET requests?limit=100`` | the last requests, oldest first |
| ``GET routes`` | the operations that are served |
| ``GET estate?path=/api/…`` | everything the API holds at a path (the query may hold a filter): the oracle |
| ``GET settings``, ``PATCH settings`` | read and change the switches of ``Settings`` |
| ``GET faults``, ``POST faults``, ``DELETE faults`` | list, switch on (fields of ``Fault``), switch all off |
| ``POST tokens/revoke`` | ``{}`` now, ``{"after_requests": n}`` later |
| ``POST clients`` | register an application: ``{"permissions": [...]}`` |
| ``GET churn``, ``POST churn``, ``DELETE churn`` | what changed; plan changes; stop and forget |
| ``POST rows`` | change a table now: fields of ``Operation`` |

``POST churn`` takes ``{"operations": [fields of Operation, …], "path": pattern}`` or
``{"random": {fields of RandomChurn}, "path": pattern}``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.api.churn import Operation, RandomChurn
from sandbox.api.errors import ApiError, Reply, encode
from sandbox.api.faults import Fault
from sandbox.api.routing import Target

if TYPE_CHECKING:
    from sandbox.api.server import Server

PREFIX = "/_sandbox/"
_Handler = Callable[["Server", Target, dict[str, Any]], Any]


def answer(server: Server, method: str, target: Target, body: bytes) -> Reply:
    """The reply to a control request."""
    handlers = _HANDLERS.get(target.path[len(PREFIX) :])
    if handlers is None:
        raise ApiError(404, f"There is nothing at {target.path}")
    handler = handlers.get(method)
    if handler is None:
        raise ApiError(405, f"{target.path} takes {', '.join(handlers)}")
    values = orjson.loads(body) if body.strip() else {}
    if not isinstance(values, dict):
        raise ValueError("the body must be a JSON object")
    with server.lock:
        return Reply(encode(handler(server, target, values)))


def _stats(server: Server, _target: Target, _values: dict[str, Any]) -> Any:
    counts = server.counts().as_dict()
    return {**counts, "internal_errors": [repr(error) for error in server.internal_errors]}


def _reset_stats(server: Server, _target: Target, _values: dict[str, Any]) -> Any:
    server.reset_counts()
    return {}


def _requests(server: Server, target: Target, _values: dict[str, Any]) -> Any:
    limit = int(target.first("limit") or 100)
    return [asdict(exchange) for exchange in server.recorder.requests()[-limit:]]


def _routes(server: Server, _target: Target, _values: dict[str, Any]) -> Any:
    return [
        {"path": route.path, "shape": route.shape, "permissions": route.permissions}
        for route in server.router.routes
    ]


def _estate(server: Server, target: Target, _values: dict[str, Any]) -> Any:
    path = target.first("path")
    if path is None:
        raise ValueError("the parameter 'path' is missing")
    return server.rows(path)


def _settings(server: Server, _target: Target, _values: dict[str, Any]) -> Any:
    return server.settings.as_dict()


def _change_settings(server: Server, _target: Target, values: dict[str, Any]) -> Any:
    server.settings.update(**values)
    return server.settings.as_dict()


def _faults(server: Server, _target: Target, _values: dict[str, Any]) -> Any:
    return [fault.as_dict() for fault in server.faults.all()]


def _add_fault(server: Server, _target: Target, values: dict[str, Any]) -> Any:
    return server.faults.add(Fault.from_json(values)).as_dict()


def _clear_faults(server: Server, _target: Target, _values: dict[str, Any]) -> Any:
    server.faults.clear()
    return {}


def _revoke(server: Server, _target: Target, values: dict[str, Any]) -> Any:
    server.tokens.revoke_all(**values)
    return {}


def _add_client(server: Server, _target: Target, values: dict[str, Any]) -> Any:
    client = server.tokens.add_client(**values)
    return {"client_id": client.client_id, "client_secret": client.client_secret}


def _churn(server: Server, _target: Target, _values: dict[str, Any]) -> Any:
    return server.churn.as_dict()


def _plan_churn(server: Server, _target: Target, values: dict[str, Any]) -> Any:
    operations = [Operation(**operation) for operation in values.get("operations", ())]
    generator = RandomChurn(**values["random"]) if "random" in values else None
    server.plan_churn(operations, generator, values.get("path", "*"))
    return server.churn.as_dict()


def _reset_churn(server: Server, _target: Target, _values: dict[str, Any]) -> Any:
    server.churn.reset()
    return {}


def _change_row(server: Server, _target: Target, values: dict[str, Any]) -> Any:
    return {"key": server.churn.apply(Operation(**values))}


_HANDLERS: dict[str, dict[str, _Handler]] = {
    "stats": {"GET": _stats, "DELETE": _reset_stats},
    "requests": {"GET": _requests},
    "routes": {"GET": _routes},
    "estate": {"GET": _estate},
    "settings": {"GET": _settings, "PATCH": _change_settings},
    "faults": {"GET": _faults, "POST": _add_fault, "DELETE": _clear_faults},
    "tokens/revoke": {"POST": _revoke},
    "clients": {"POST": _add_client},
    "churn": {"GET": _churn, "POST": _plan_churn, "DELETE": _reset_churn},
    "rows": {"POST": _change_row},
}
