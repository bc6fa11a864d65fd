"""The tree of organizations."""

from sandbox.company.estate import Estate, Row, table
from sandbox.company.vocabulary import COMPANY, DEPARTMENTS, REGIONS

NO_PARENT = "00000000-0000-0000-0000-000000000000"


@table("organizations")
def organizations(estate: Estate) -> list[Row]:
    """Return the tree: company, regions, countries and departments, of which a large estate has more."""

    def organization(name: str, parent: Row | None, *path: object) -> Row:
        rng = estate.random("organization", *path)
        return {
            "id": estate.guid("organization", *path),
            "parentId": parent["id"] if parent else NO_PARENT,
            "name": name,
            "isLegal": len(path) < 4,
            "externalId": None if rng.random() < 0.2 else "_".join(map(str, path)),
            "hierarchy": f"{parent['hierarchy']}\\{name}" if parent else name,
        }

    root = organization(COMPANY, None, "ROOT")
    rows = [root]
    departments = min(len(DEPARTMENTS), 2 + estate.size // 200)
    for region_number, (region_name, countries) in enumerate(REGIONS.items()):
        region = organization(region_name, root, "ROOT", region_number)
        rows.append(region)
        for number, country in enumerate(countries):
            node = organization(country, region, "ROOT", region_number, number)
            rows.append(node)
            if country != "Brasil":  # one country has no departments
                rows += [
                    organization(name, node, "ROOT", region_number, number, department)
                    for department, name in enumerate(DEPARTMENTS[:departments])
                ]
    return rows
