"""Custom fields with their values, and custom metrics."""

from collections.abc import Iterator

from sandbox.company.assets import ASSETS, MAXIMUM_ASSETS, asset_type
from sandbox.company.estate import Estate, Row, table

_DATA_TYPES = ("Text", "Number", "Date", "Yes/No", "Document reference")
# Name, data type, choices, asset kinds, required
_FIELDS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], bool], ...] = (
    ("Cost center", "Text", (), ("computers", "users", "mobile_devices", "licenses"), True),
    ("In scope of audit", "Yes/No", (), ("computers", "licenses"), False),
    ("Zuständig", "Text", (), ("computers", "datacenters", "agreements"), False),
    ("Criticality", "Text", ("High", "Medium", "Low"), ("computers", "datacenters"), False),
    ("Seats", "Number", (), ("licenses", "contracts"), False),
    ("Renewal decision", "Date", (), ("agreements", "contracts"), False),
    ("Remote worker", "Yes/No", (), ("users",), False),
    ("Data room", "Document reference", (), ("agreements", "contracts"), False),
    ("Retired", "Yes/No", (), ("mobile_devices",), False),
    ("Measured load", "Number", (), ("computers",), False),
    ("Unused field", "Text", (), (), False),
)


@table("custom_field_asset_types")
def custom_field_asset_types(estate: Estate) -> list[Row]:
    """Return the kinds of assets that custom fields can be defined for."""
    return [asset_type(estate, kind) for kind in ASSETS]


@table("custom_field_data_types")
def custom_field_data_types(estate: Estate) -> list[Row]:
    """Return the types of custom fields."""
    return [{"id": estate.guid("data type", name), "name": name} for name in _DATA_TYPES]


@table("custom_fields")
def custom_fields(estate: Estate) -> list[Row]:
    """Return the custom fields; one of them is defined for no asset type and has no values."""
    return [
        {
            "id": estate.guid("custom field", name),
            "name": name,
            "description": None if number % 3 == 1 else f"{name}, as agreed with finance",
            "isRequired": required,
            "defaultValue": {"Yes/No": "False", "Number": "0"}.get(data_type),
            "isMultipleChoice": bool(choices),
            "multipleChoice": list(choices) or None,
            "assetTypes": [asset_type(estate, kind) for kind in kinds] or None,
            "dataType": {"id": estate.guid("data type", data_type), "name": data_type},
        }
        for number, (name, data_type, choices, kinds, required) in enumerate(_FIELDS)
    ]


@table("custom_field_values")
def custom_field_values(estate: Estate) -> Iterator[Row]:
    """Yield values of custom fields for a part of the assets; a Yes/No value is the word True or False."""
    for name, data_type, choices, kinds, required in _FIELDS:
        for kind in kinds:
            rng = estate.random("custom field values", name, kind)
            for asset in estate.built(kind)[:MAXIMUM_ASSETS]:
                if rng.random() < (0.9 if required else 0.4):
                    value: str | None = {
                        "Text": rng.choice(choices) if choices else f"K-{rng.randrange(100, 999)} Göteborg",
                        "Number": f"{rng.random() * 500:.2f}",
                        "Date": estate.ago(-300 * rng.random())[:10],
                        "Yes/No": rng.choice(("True", "False")),
                        "Document reference": (
                            f"https://intranet.nordlicht.example/rooms/{rng.randrange(9999)}"
                        ),
                    }[data_type]
                    yield {
                        "id": estate.guid("custom field value", name, asset["id"]),
                        "customFieldId": estate.guid("custom field", name),
                        "customFieldName": name,
                        "assetId": asset["id"],
                        "assetType": asset_type(estate, kind),
                        "value": None if rng.random() < 0.03 else value,
                    }


@table("custom_metrics")
def custom_metrics(estate: Estate) -> list[Row]:
    """Return custom metrics, which count licences by the value of a custom field of type Number."""
    return [
        {
            "id": estate.guid("custom metric", name, number),
            "name": f"{name} per {unit}",
            "description": f"Counts {name.lower()} for each {unit}",
            "customFieldId": estate.guid("custom field", name),
        }
        for name, data_type, *_ in _FIELDS
        if data_type == "Number"
        for number, unit in enumerate(("site", "Werk", "month"))
    ]
