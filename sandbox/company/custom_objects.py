"""Custom objects, which the inventory does not find by itself, with their types and properties."""

from collections.abc import Iterator

from sandbox.company.estate import Estate, Row, table

_OBJECT_TYPES = (
    (
        "Printer",
        "Printers and plotters",
        ("Serial number", "Location", "Färg", "Lease end", "Pages", "Contact"),
    ),
    ("Dongle", None, ("Serial number", "Port")),
    ("Projector", "Projectors in meeting rooms", ("Serial number", "Lumen", "Room")),
    ("Badge reader", "Not in use yet", ()),
)


@table("custom_object_types")
def custom_object_types(estate: Estate) -> Iterator[Row]:
    """Yield the types of custom objects."""
    for name, description, _ in _OBJECT_TYPES:
        rng = estate.random("custom object type", name)
        age = 200 + rng.random() * 900
        yield {
            "id": estate.guid("custom object type", name),
            "name": name,
            "description": description,
            "canAttachToContract": rng.random() < 0.5,
            "createdDate": estate.ago(age),
            "updatedDate": estate.ago(age * rng.random()),
        }


@table("custom_object_properties")
def custom_object_properties(estate: Estate) -> list[Row]:
    """Return the properties of each type; the last type has none."""
    return [
        {
            "id": estate.guid("custom object property", type_name, name),
            "typeId": estate.guid("custom object type", type_name),
            "name": name,
            "description": None if number % 2 else f"{name} of the {type_name.lower()}",
            "isMandatory": number == 0,
            "defaultValue": None if number != 1 else "unknown",
        }
        for type_name, _, names in _OBJECT_TYPES
        for number, name in enumerate(names)
    ]


@table("custom_objects")
def custom_objects(estate: Estate) -> Iterator[Row]:
    """Yield custom objects, some attached to a computer or a user."""
    rng = estate.random("custom objects")
    for number in range(max(9, min(2000, estate.size // 5))):
        age = 10 + rng.random() * 700
        yield {
            "id": estate.guid("custom object", number),
            "objectName": None if number % 17 == 8 else f"{_OBJECT_TYPES[number % 3][0]} {number}",
            "computerId": rng.choice(estate.computers)["id"] if rng.random() < 0.4 else None,
            "userId": rng.choice(estate.users)["id"] if rng.random() < 0.5 else None,
            "createdDate": estate.ago(age),
            "updatedDate": estate.ago(age * rng.random()),
        }


@table("custom_object_property_values")
def custom_object_property_values(estate: Estate) -> Iterator[Row]:
    """Yield the values of the custom objects' properties; every eighth object has none."""
    for number, thing in enumerate(estate.built("custom_objects")):
        type_name, _, names = _OBJECT_TYPES[number % 3]
        if number % 8 != 7:
            yield from (
                {
                    "id": estate.guid("property value", thing["id"], name),
                    "propertyId": estate.guid("custom object property", type_name, name),
                    "objectId": thing["id"],
                    "value": f"{name} {number}",
                }
                for name in names
            )
