"""Assets of all kinds, and the files and links attached to some of them."""

from collections.abc import Iterator
from random import Random

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import COMPANY

# The tables whose rows can have files, links and custom field values, with their asset types.
ASSETS = {
    "computers": "Computer",
    "users": "User",
    "mobile_devices": "Mobile device",
    "datacenters": "Datacenter",
    "licenses": "License",
    "agreements": "Agreement",
    "contracts": "Contract",
}
# Most assets of a kind that get attachments, so that a large estate is served quickly.
MAXIMUM_ASSETS = 500


def asset_type(estate: Estate, kind: str) -> Row:
    """Return the asset type of a kind of asset."""
    name = ASSETS[kind]
    return {"id": estate.guid("asset type", name), "name": name}


def is_asset(estate: Estate, identifier: str) -> bool:
    """Return whether an asset has this id."""
    return any(identifier in estate.by_id(kind) for kind in ASSETS)


def _attachments(estate: Estate, what: str, share: float) -> Iterator[tuple[str, Row, int, Random, float]]:
    """Yield kind and row of the asset, number, generator and age in days of each attachment."""
    for kind in ASSETS:
        rng = estate.random(f"{what}s", kind)
        for asset in estate.built(kind)[:MAXIMUM_ASSETS]:
            if rng.random() < share:
                for number in range(rng.choice((1, 1, 2, 3, 7))):
                    own = estate.random(what, asset["id"], number)
                    yield kind, asset, number, own, 5 + own.random() * 900


def _described(rng: Random, row: Row, description: str) -> Row:
    """Return an attachment, with or without a description."""
    return {**row, "description": description} if rng.random() < 0.7 else row


@table("files")
def files(estate: Estate) -> Iterator[Row]:
    """Yield the metadata of files, for a quarter of the assets."""
    titles = ("Purchase order", "Lizenzvertrag", "Invoice", "Kvitto på köp", "Photo", "Delivery note", "Scan")
    for kind, asset, number, rng, age in _attachments(estate, "file", 0.25):
        row = {
            "id": estate.guid("file", asset["id"], number),
            "fileName": f"{titles[number].lower()} {rng.randrange(1000)}.{rng.choice(('pdf', 'docx'))}",
            "fileTitle": titles[number],
            "assetId": asset["id"],
            "assetTypeId": asset_type(estate, kind)["id"],
            "assetOrgId": rng.choice(estate.organizations)["id"],
            "insertedTs": estate.ago(age),
            "modifiedTs": estate.ago(age * rng.random()),
            "status": "Uploaded",
            "tenantId": estate.guid("tenant"),
        }
        yield _described(rng, row, f"{titles[number]} of {COMPANY}")


@table("links")
def links(estate: Estate) -> Iterator[Row]:
    """Yield links, for a fifth of the assets."""
    for kind, asset, number, rng, age in _attachments(estate, "link", 0.2):
        row = {
            "id": estate.guid("link", asset["id"], number),
            "url": (
                f"https://intranet.nordlicht.example/documents/{rng.randrange(10**6)}?sprache=de&titel=%C3%A4"
            ),
            "createdDate": estate.ago(age),
            "lastUpdatedDate": estate.ago(age * rng.random()),
            "assetType": asset_type(estate, kind),
            "assetId": asset["id"],
        }
        yield _described(rng, row, "Everything about this one")
