"""Activity on computers and what they cost: logons, remote clients, virtual machines, contracts and costs."""

from collections.abc import Iterator

from sandbox.company.agreements import contracts
from sandbox.company.applications import products_of
from sandbox.company.estate import Estate, Row, table
from sandbox.company.values import fields_of


@table("computer_logons")
def computer_logons(estate: Estate) -> Iterator[Row]:
    """Yield logons: the owner and a few others, many on virtual desktops, none on some machines."""
    rng = estate.random("logons")
    users = [row["id"] for row in estate.users]
    for number, computer in enumerate(estate.computers):
        if number % 23 == 11:
            continue
        visitors = 8 if computer["isVDI"] else int(rng.random() * 3)
        people = [computer["mostFrequentUser"], computer["mostRecentUser"]]
        people += [users[int(rng.random() * len(users))] for _ in range(visitors)]
        yield from (
            {
                "computerId": computer["id"],
                "userId": user,
                "lastLogon": min(estate.random_time(rng, 200), computer["lastScanDate"]),
                "logonCount": 1 + int(rng.random() * 300),
            }
            for user in dict.fromkeys(people)
            if user is not None
        )


def remote_clients(estate: Estate, computer: Row) -> list[Row]:
    """Return the machines that connected to a virtual desktop: known computers and unknown thin clients."""
    if not computer["isVDI"]:
        return []
    rng = estate.random("remote clients", computer["id"])
    rows: list[Row] = []
    for number in range(rng.randrange(1, 8)):
        client = rng.choice(estate.computers) if rng.random() < 0.6 else None
        rows.append(
            {
                "name": client["hostName"] if client else f"THIN-{number:03d}",
                "remoteClientComputerId": client["id"] if client else None,
                "isInventoried": client is not None,
                "lastUsed": estate.random_time(rng, 60),
            }
        )
    return rows


def virtual_machines(estate: Estate, computer: Row) -> list[Row]:
    """Return the virtual machines of a host: the inventoried ones, and one known only to the hypervisor."""
    guests = estate.where("computers", "hostComputerId", computer["id"])
    rng = estate.random("virtual machines", computer["id"])
    rows = [
        {
            "id": guest["id"],
            "machineId": estate.guid("machine", guest["id"]) if rng.random() > 0.1 else None,
            "name": guest["hostName"],
            "operatingSystem": guest["operatingSystem"],
            "ip": guest["ipAddress"],
            **fields_of(guest, "manufacturer model lastScanDate"),
            "powerState": rng.choice(("Running", "Running", "Shut down", None)),
            "processorCount": guest["processorCount"],
            "coreCount": guest["coreCount"],
            "isInventoried": True,
        }
        for guest in guests
    ]
    if guests:
        rows.append(
            {
                "id": estate.guid("uninventoried", computer["id"]),
                "machineId": estate.guid("uninventoried machine", computer["id"]),
                "name": "testmaskin-åäö",
                "operatingSystem": None,
                "ip": None,
                "manufacturer": None,
                "model": None,
                "lastScanDate": estate.random_time(rng, 30),
                "powerState": "Shut down",
                "processorCount": None,
                "coreCount": None,
                "isInventoried": False,
            }
        )
    return rows


def contracts_of(estate: Estate, computer: Row) -> list[Row]:
    """Return the contracts a computer is attached to: none for most, several for some."""
    rng = estate.random("contracts of computer", computer["id"])
    known = contracts(estate)
    attached = rng.sample(known, min(len(known), rng.choice((0, 0, 0, 1, 2, 6))))
    return [{"computerId": computer["id"], "contractId": contract["id"]} for contract in attached]


def costs(estate: Estate, computer: Row) -> Row:
    """Return the costs of a computer and of the applications on it."""
    installed = estate.where("computer_applications", "computerId", computer["id"])
    products = estate.cached("products", products_of)
    applications = float(sum(products[row["applicationId"]].price for row in installed if row["unbundled"]))
    price = computer["purchaseValue"]
    return {
        "computerId": computer["id"],
        "vendor": computer["vendor"],
        "purchaseDate": computer["purchaseDate"],
        "purchasePrice": price,
        **fields_of(computer, "purchaseValueBase purchaseCurrency invoiceReference"),
        "totalCostOfInstalledApplications": applications if installed else None,
        "totalCost": round((price or 0) + applications, 2),
    }
