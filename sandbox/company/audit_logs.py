"""The audit log of the last four hundred days."""

from datetime import timedelta
from random import Random

from sandbox.company.estate import Estate, Row, table, timestamp

DAYS = 400
_EVENTS = (
    # type, source, category, HTTP method, message
    ("identity.account.create", "identity", 1, "POST", "The user was created"),
    ("identity.account.delete", "identity", 1, "DELETE", "The user was deleted"),
    ("identity.account.reset", "identity", 3, "POST", "The password was reset"),
    ("sam.license.update", "sam", 2, "PUT", "The license was changed"),
    ("sam.computer.quarantine", "sam", 2, "PATCH", "Der Computer wurde unter Quarantäne gestellt"),
    ("sam.customfield.value.update", "customfields", 2, "PUT", "The custom field value was changed"),
    ("settings.application.secret", "settings", 4, "POST", "A new client secret was made"),
)


@table("audit_logs")
def audit_logs(estate: Estate) -> list[Row]:
    """Return the entries, newest first; bulk changes leave many entries with the same timestamp."""
    rng = estate.random("audit logs")
    changes = max(60, min(80_000, estate.size))
    rows: list[Row] = []
    for seconds in sorted(int(rng.random() * DAYS * 86400) for _ in range(changes)):
        created = _printed(estate, rng, seconds)
        for _ in range(rng.choice((1, 1, 1, 1, 1, 2, 3, 12))):
            rows.append(_entry(estate, rng, len(rows), created, seconds))
    return rows


def _printed(estate: Estate, rng: Random, seconds: int) -> str:
    """Return the time as .NET prints it: up to seven digits of a second, none if they are zero."""
    text = timestamp(estate.now - timedelta(seconds=seconds))[:-1]
    kind = rng.random()
    if kind < 0.2:
        text += f".{rng.randrange(1, 10**7):07d}"
    elif kind < 0.4:
        text += f".{rng.randrange(1, 1000):03d}"
    return text + "Z"


def _entry(estate: Estate, rng: Random, number: int, created: str, seconds: int) -> Row:
    kind, source, category, method, message = rng.choice(_EVENTS)
    actor = rng.choice(estate.users)
    subject = rng.choice(estate.users if source == "identity" else estate.computers)
    tenant = estate.guid("tenant")
    name = subject.get("fullName") or subject.get("hostName") or subject["id"]
    return {
        "accountId": estate.guid("account", actor["id"]),
        "actorId": actor["id"],
        "actorTenantId": tenant,
        "archiveUntil": timestamp(estate.now - timedelta(seconds=seconds) + timedelta(days=400)),
        "attachments": {
            "before": {"status": "Active"},
            "after": {"status": rng.choice(("Active", "Quarantined"))},
        },
        "category": category,
        "created": created,
        "httpMethod": method,
        "id": estate.guid("audit log", number),
        "identityName": actor["fullName"] or actor["userName"],
        "ipAddress": f"203.0.113.{rng.randrange(1, 255)}",
        "message": message,
        "resourceId": subject["id"],
        "resourceName": name,
        "source": source,
        "tenantId": tenant,
        "type": kind,
        "url": f"/api/{source}/v1/{subject['id']}",
        "userId": actor["id"],
    }
