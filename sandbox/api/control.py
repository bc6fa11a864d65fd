"""Control of a running sandbox: ``Control`` in the same process, an interface over HTTP for other processes.

The control interface is under ``/_sandbox/`` and speaks JSON.

| request | effect |
|---|---|
| ``GET stats``, ``DELETE stats`` | return or reset the counts |
| ``GET requests?limit=100`` | return the last requests, oldest first |
| ``GET routes`` | list the operations that are served |
| ``GET estate?path=/api/…`` | return everything the API holds at a path (which may have a filter), unpaged |
| ``GET settings``, ``PATCH settings`` | read or change the fields of ``Settings`` |
| ``GET faults``, ``POST faults``, ``DELETE faults`` | list faults, add one (a ``Fault``), remove all |
| ``POST tokens/revoke`` | revoke all tokens: ``{}`` now, ``{"after_requests": n}`` later |
| ``POST clients`` | register an application: ``{"permissions": [...]}`` |
| ``GET churn``, ``POST churn``, ``DELETE churn`` | return the changes of rows, plan some, stop and forget |
| ``POST rows`` | change a table now: fields of ``Operation`` |
| ``GET months``, ``POST months`` | list the days that can be shown; show one with ``{"as_of": day}`` |
| ``GET changes?since=2026-01-31&until=2026-02-28`` | return the differences between two days |

``POST churn`` accepts ``{"operations": [fields of Operation, …], "path": pattern}`` or
``{"random": {fields of RandomChurn}, "path": pattern}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

import orjson

from sandbox.api.churn import Operation, RandomChurn
from sandbox.api.errors import ApiError, Reply, encode
from sandbox.api.faults import Fault
from sandbox.api.routing import Target
from sandbox.api.state import State
from sandbox.api.tokens import Client

PREFIX = "/_sandbox/"


class Control:
    """Control of a sandbox from the same process."""

    def __init__(self, state: State) -> None:
        self._state = state

    def set(self, **settings: Any) -> None:
        """Change fields of ``Settings``, for example ``set(rate_limit=5)``."""
        with self._state.lock:
            self._state.settings.update(**settings)

    def fault(self, kind: str, path: str = "*", **fields: Any) -> Fault:
        """Add a ``Fault``; the returned object counts how often it was applied."""
        return self._state.faults.add(Fault(kind, path, **fields))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._state.faults.clear()

    def revoke_tokens(self, after_requests: int = 0) -> None:
        """Revoke all live tokens now, or after that many more API requests."""
        with self._state.lock:
            self._state.tokens.revoke_all(after_requests)

    def live_tokens(self, client_id: str | None = None) -> list[str]:
        """Return the valid tokens, oldest first, for tests that search for leaked secrets."""
        with self._state.lock:
            return self._state.tokens.live_tokens(client_id)

    def add_client(self, permissions: Iterable[str] | None = None, **fields: Any) -> Client:
        """Register one more application, with all permissions or with those given."""
        with self._state.lock:
            return self._state.tokens.add_client(permissions, **fields)

    def rotate_secret(self, client_id: str) -> str:
        """Give a client a new secret; the old one stops working."""
        with self._state.lock:
            return self._state.tokens.rotate_secret(client_id)

    def change_row(self, action: str, table: str, **fields: Any) -> Any:
        """Insert, delete or update a row of a table now and return its key."""
        with self._state.lock:
            return self._state.churn.apply(Operation(action, table, **fields))

    def schedule(self, operations: Iterable[Operation], path: str = "*") -> None:
        """Plan changes of rows after given numbers of data requests."""
        self._state.plan_churn(list(operations), None, path)

    def random_churn(self, table: str, path: str = "*", **fields: Any) -> None:
        """Change a table at random between requests; ``fields`` are those of ``RandomChurn``."""
        self._state.plan_churn((), RandomChurn(table, **fields), path)

    def show(self, as_of: datetime) -> None:
        """Serve the company as it was on a day, for example one of ``month_ends``."""
        self._state.show(as_of)

    @property
    def month_ends(self) -> list[datetime]:
        """Return the ends of the months that the setting ``months`` asks for, and the present."""
        return self._state.month_ends

    def changes(self, since: datetime, until: datetime) -> list[Any]:
        """Return the differences of the company between two days, for comparison with a history."""
        return self._state.changes(since, until)


def answer(state: State, method: str, target: Target, body: bytes) -> Reply:
    """Return the reply to a request to the control interface."""
    handlers = _HANDLERS.get(target.path[len(PREFIX) :])
    if handlers is None:
        raise ApiError(404, f"There is nothing at {target.path}")
    handler = handlers.get(method)
    if handler is None:
        raise ApiError(405, f"{target.path} accepts {', '.join(handlers)}")
    values = orjson.loads(body) if body.strip() else {}
    if not isinstance(values, dict):
        raise ValueError("the body must be a JSON object")
    with state.lock:
        found = handler(state, target, values)
        return Reply(encode({} if found is None else found))


def _stats(state: State, _target: Target, _values: dict[str, Any]) -> Any:
    failures = [repr(error) for error in state.internal_errors]
    return {**state.counts().as_dict(), "internal_errors": failures}


def _requests(state: State, target: Target, _values: dict[str, Any]) -> Any:
    limit = int(target.first("limit") or 100)
    return [asdict(exchange) for exchange in state.recorder.requests()[-limit:]]


def _routes(state: State, _target: Target, _values: dict[str, Any]) -> Any:
    return [
        {"path": route.path, "shape": route.shape, "permissions": route.permissions}
        for route in state.router.routes
    ]


def _estate(state: State, target: Target, _values: dict[str, Any]) -> Any:
    path = target.first("path")
    if path is None:
        raise ValueError("the parameter 'path' is missing")
    return state.rows(path)


def _change_settings(state: State, _target: Target, values: dict[str, Any]) -> Any:
    state.settings.update(**values)
    return state.settings.as_dict()


def _add_client(state: State, _target: Target, values: dict[str, Any]) -> Any:
    client = state.tokens.add_client(**values)
    return {"client_id": client.client_id, "client_secret": client.client_secret}


def _plan_churn(state: State, _target: Target, values: dict[str, Any]) -> Any:
    operations = [Operation(**operation) for operation in values.get("operations", ())]
    generator = RandomChurn(**values["random"]) if "random" in values else None
    state.plan_churn(operations, generator, values.get("path", "*"))
    return state.churn.as_dict()


def _months(state: State, _target: Target, _values: dict[str, Any]) -> Any:
    ends = [day.date().isoformat() for day in state.month_ends]
    return {"as_of": state.estate.now.date().isoformat(), "ends": ends}


def _show(state: State, target: Target, values: dict[str, Any]) -> Any:
    state.show(_day(state, values["as_of"]))
    return _months(state, target, values)


def _changes(state: State, target: Target, _values: dict[str, Any]) -> Any:
    since, until = target.first("since"), target.first("until")
    if since is None or until is None:
        raise ValueError("the parameters 'since' and 'until' are days such as 2026-01-31")
    return [change._asdict() for change in state.changes(_day(state, since), _day(state, until))]


def _day(state: State, text: str) -> datetime:
    """Parse a day; for the present day, return the present time."""
    present = state.month_ends[-1]
    day = datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
    return present if day.date() == present.date() else day


_HANDLERS: dict[str, dict[str, Callable[[State, Target, dict[str, Any]], Any]]] = {
    "stats": {"GET": _stats, "DELETE": lambda state, _target, _values: state.reset_counts()},
    "requests": {"GET": _requests},
    "routes": {"GET": _routes},
    "estate": {"GET": _estate},
    "settings": {"GET": lambda state, _target, _values: state.settings.as_dict(), "PATCH": _change_settings},
    "faults": {
        "GET": lambda state, _target, _values: [fault.as_dict() for fault in state.faults.all()],
        "POST": lambda state, _target, values: state.faults.add(Fault.from_json(values)).as_dict(),
        "DELETE": lambda state, _target, _values: state.faults.clear(),
    },
    "tokens/revoke": {"POST": lambda state, _target, values: state.tokens.revoke_all(**values)},
    "clients": {"POST": _add_client},
    "churn": {
        "GET": lambda state, _target, _values: state.churn.as_dict(),
        "POST": _plan_churn,
        "DELETE": lambda state, _target, _values: state.churn.reset(),
    },
    "months": {"GET": _months, "POST": _show},
    "changes": {"GET": _changes},
    "rows": {"POST": lambda state, _target, values: {"key": state.churn.apply(Operation(**values))}},
}
