"""Assets of all kinds, and the files and links attached to some of them."""

from collections.abc import Iterator

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import COMPANY

# The tables whose rows files, links and custom field values can belong to, and the asset type's name.
ASSETS = {
    "computers": "Computer",
    "users": "User",
    "mobile_devices": "Mobile device",
    "datacenters": "Datacenter",
    "licenses": "License",
    "agreements": "Agreement",
    "contracts": "Contract",
}
# Attachments are made for this many assets of a kind at most, so that a large estate is served quickly.
MOST_ASSETS = 500


def asset_type(estate: Estate, kind: str) -> Row:
    """The asset type of a kind of asset."""
    name = ASSETS[kind]
    return {"id": estate.guid("asset type", name), "name": name}


def is_asset(estate: Estate, identifier: str) -> bool:
    """Whether some asset has this id."""
    return any(identifier in estate.by_id(kind) for kind in ASSETS)


def _attachments(estate: Estate, what: str, share: float) -> Iterator[tuple[str, Row, int]]:
    """The kind and row of each asset with attachments, once for each attachment."""
    for kind in ASSETS:
        rng = estate.random(what, kind)
        for asset in estate.built(kind)[:MOST_ASSETS]:
            if rng.random() < share:
                for number in range(rng.choice((1, 1, 2, 3, 7))):
                    yield kind, asset, number


@table("files")
def files(estate: Estate) -> Iterator[Row]:
    """Files of a quarter of the assets: metadata alone."""
    titles = ("Purchase order", "Lizenzvertrag", "Invoice", "Kvitto på köp", "Photo", "Delivery note", "Scan")
    for kind, asset, number in _attachments(estate, "files", 0.25):
        rng = estate.random("file", asset["id"], number)
        age = 5 + rng.random() * 900
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
        if rng.random() < 0.7:  # optional
            row["description"] = f"{titles[number]} of {COMPANY}"
        yield row


@table("links")
def links(estate: Estate) -> Iterator[Row]:
    """Links of a part of the assets."""
    for kind, asset, number in _attachments(estate, "links", 0.2):
        rng = estate.random("link", asset["id"], number)
        age = 5 + rng.random() * 900
        row = {
            "id": estate.guid("link", asset["id"], number),
            "url": f"https://intranet.nordlicht.example/documents/{rng.randrange(10**6)}?sprache=de&titel=%C3%A4",
            "createdDate": estate.ago(age),
            "lastUpdatedDate": estate.ago(age * rng.random()),
            "assetType": asset_type(estate, kind),
            "assetId": asset["id"],
        }
        if rng.random() < 0.7:  # optional
            row["description"] = "Everything about this one"
        yield row
