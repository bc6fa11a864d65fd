"""Fields that the documentation marks, because they may hold secrets or identify a person."""

from __future__ import annotations

SECRET = frozenset(
    {
        "environmentVariableValue",
        "licenseKeys",
        "operatingSystemSerialNumber",
        "registryValueData",
        "securityCode",
    }
)

PERSONAL = frozenset(
    {
        "aliases",
        "applicationOwnerUsername",
        "contactEmail",
        "contactName",
        "contactPhone",
        "displayName",
        "email",
        "firstName",
        "fullName",
        "fullUserName",
        "homePhoneNumber",
        "identityName",
        "imei",
        "imsi",
        "lastName",
        "managerEmail",
        "managerName",
        "manufacturerContact",
        "manufacturerContactEmail",
        "manufacturerContactPhone",
        "mobilePhoneNumber",
        "mostFrequentUser",
        "mostRecentUser",
        "osUser",
        "packAccessAgreedBy",
        "phoneNumber",
        "primaryOwnerName",
        "samAccountName",
        "secondApprovalUsername",
        "thirdApprovalUsername",
        "updatedBy",
        "userId",
        "userName",
        "userNames",
        "userPrincipalName",
        "username",
    }
)


def mark(field: str) -> str:
    """Return how a field is marked: "secret", "personal" or ""."""
    return "secret" if field in SECRET else "personal" if field in PERSONAL else ""
