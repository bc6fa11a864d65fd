"""Vocabulary of the made-up company: places, people, hardware models and software products."""

from typing import NamedTuple

from sandbox.company.values import lines, parts

COMPANY = "Nordlicht Foods"
DOMAIN = "nordlicht.example"

REGIONS = {
    "Europe": ("Sverige", "Deutschland", "España", "United Kingdom"),
    "Americas": ("United States", "Brasil"),
    "Asia Pacific": ("Australia", "日本"),
}
COUNTRIES = tuple(country for countries in REGIONS.values() for country in countries)
DEPARTMENTS = parts(
    "Finance, Research, Logistics, Sales, IT Operations, Manufacturing, Legal, Human Resources"
)
SITES = ("Göteborg", "München", "Málaga", "Leeds", "Austin", "São Paulo", "Melbourne", "大阪")

FIRST_NAMES = parts(
    "Anna, Björn, Chloé, Daniel, Elif, François, Grace, Håkan, Inés, James, Kenji, Łukasz, Maria, Nadia, "
    "Oliver, Priya, Quentin, Rosa, Søren, Tomás, Ulrike, Victor, Wei, Zoë"
)
LAST_NAMES = parts(
    "Andersson, Becker, Castillo, Dubois, Evans, Fischer, García, Hughes, Ibrahim, Jørgensen, "
    "Kowalski, Lindqvist, Müller, Nakamura, O'Brien, Pereira, Quinn, Rossi, Sato, Tanaka, "
    "Usman, Virtanen, Walker, Zhang"
)


class Hardware(NamedTuple):
    """A computer model: its hardware, the years in which it was sold, and its price in EUR."""

    manufacturer: str
    website: str
    model: str
    processor: str
    speed: int
    cores: int
    first_year: int = 0
    last_year: int = 9999
    price: int = 0


def _hardware(text: str) -> tuple[Hardware, ...]:
    return tuple(
        Hardware(
            maker,
            f"https://{website}",
            model,
            processor,
            int(speed),
            int(cores),
            int(years[:4]),
            int(years[5:] or 9999),
            int(price),
        )
        for maker, website, model, processor, speed, cores, years, price in lines(text)
    )


# manufacturer | website | model | processor | MHz | cores | years of sale | price in EUR
LAPTOPS = _hardware("""
    Lenovo | www.lenovo.com | ThinkPad T480s | Intel Core i5-8350U @ 1.70GHz | 1700 | 4 | 2018-2020 | 1290
    Lenovo | www.lenovo.com | ThinkPad X1 Carbon Gen 9 | Intel Core i7-1185G7 @ 3.00GHz | 2995 | 4 \
        | 2021-2022 | 1690
    Lenovo | www.lenovo.com | ThinkPad T14s Gen 5 | Intel Core Ultra 7 155U @ 1.70GHz | 1700 | 12 \
        | 2024- | 1480
    Dell Inc. | www.dell.com | Precision 5550 | Intel Core i7-10850H @ 2.70GHz | 2700 | 6 | 2020-2021 | 2190
    Dell Inc. | www.dell.com | Latitude 7430 | Intel Core i7-1265U @ 1.80GHz | 1800 | 10 | 2022-2023 | 1540
    Dell Inc. | www.dell.com | Latitude 7450 | Intel Core Ultra 5 135U @ 1.60GHz | 1600 | 12 | 2024- | 1420
    HP | www.hp.com | EliteBook 840 G8 | Intel Core i5-1145G7 @ 2.60GHz | 2600 | 4 | 2021-2022 | 1250
    HP | www.hp.com | EliteBook 840 G10 | Intel Core i5-1345U @ 1.60GHz | 1600 | 10 | 2023- | 1310
    Apple | www.apple.com | MacBookAir10,1 | Apple M1 | 3200 | 8 | 2020-2022 | 1190
    Apple | www.apple.com | MacBookPro18,3 | Apple M1 Pro | 3220 | 8 | 2021-2023 | 2240
    Apple | www.apple.com | Mac16,1 | Apple M4 | 4400 | 10 | 2024- | 1990
""")
DESKTOPS = _hardware("""
    HP | www.hp.com | EliteDesk 800 G6 | Intel Core i5-10500 @ 3.10GHz | 3100 | 6 | 2020-2021 | 840
    Dell Inc. | www.dell.com | OptiPlex 7090 | Intel Core i7-11700 @ 2.50GHz | 2500 | 8 | 2021-2022 | 960
    HP | www.hp.com | EliteDesk 800 G9 | Intel Core i5-12500 @ 3.00GHz | 3000 | 6 | 2022- | 890
""")
SERVERS = _hardware("""
    Dell Inc. | www.dell.com | PowerEdge R740 | Intel Xeon Gold 6248R @ 3.00GHz | 3000 | 24 \
        | 2017-2022 | 11900
    HPE | www.hpe.com | ProLiant DL380 Gen10 | Intel Xeon Gold 6230 @ 2.10GHz | 2100 | 20 | 2017-2023 | 9800
    IBM | www.ibm.com | Power S922 | POWER9 (raw), altivec supported | 3800 | 8 | 2018-2023 | 24500
    Dell Inc. | www.dell.com | PowerEdge R760 | Intel Xeon Gold 6430 @ 2.10GHz | 2100 | 32 | 2023- | 15400
""")
VIRTUAL = Hardware(
    "VMware, Inc.",
    "https://www.vmware.com",
    "VMware Virtual Platform",
    "Intel Xeon Gold 6248R @ 3.00GHz",
    3000,
    4,
)

PHONES = (
    ("Apple", "www.apple.com", "iPhone 14 Pro", "iOS", False),
    ("Apple", "www.apple.com", "iPad Air (5th generation)", "iPadOS", True),
    ("Samsung", "www.samsung.com", "Galaxy S23", "Android", False),
    ("Samsung", "www.samsung.com", "Galaxy Tab S8", "Android", True),
    ("Google", "www.google.com", "Pixel 7", "Android", False),
)


class Product(NamedTuple):
    """A software product and its releases that the company has.

    `price` is that of one licence in EUR, per year for a subscription. `clients` and `servers` are the shares
    of the computers that have it, `idle` the share of its installations that nobody uses.
    """

    manufacturer: str
    family: str
    name: str
    releases: tuple[str, ...]
    platform: str = "Windows"
    kind: str = "licensed"  # licensed | free | system | web | bundle | group
    metric: str = "Installations"
    price: float = 0
    terms: str = "perpetual"  # perpetual | maintained | subscription
    clients: float = 0
    servers: float = 0
    idle: float = 0.3
    parts: tuple[str, ...] = ()  # names of the products of a bundle, without the release


_METRICS = {
    "installations": "Installations",
    "users": "Number of users",
    "devices": "Number of devices",
    "processors": "Number of processors",
    "cores": "Number of processor cores",
    "value units": "Processor value unit (PVU)",
    "concurrent": "Number of concurrent users",
    "device access": "Client access license (device)",
    "user access": "Client access license (user)",
    "custom": "Custom metric",
}
METRICS = tuple(_METRICS.values())


_TERMS = {"m": "maintained", "s": "subscription"}


def _products(text: str) -> tuple[Product, ...]:
    found = []
    for maker, family, name, releases, platform, kind, metric, price, *rest in lines(text):
        clients, servers, idle = (float(share) for share in (rest[0].split() if rest else ("0", "0", "0.3")))
        found.append(
            Product(
                maker,
                family,
                name,
                parts(releases),
                platform,
                kind,
                _METRICS[metric],
                float(price.rstrip("ms")),
                _TERMS.get(price[-1], "perpetual"),
                clients,
                servers,
                idle,
                parts(rest[1]) if len(rest) > 1 else (),
            )
        )
    return tuple(found)


# manufacturer | family | name | releases | platform | kind | default metric | price in EUR, with `m` where it
# has maintenance and `s` where it is a subscription for a year | shares of the clients and servers that have
# it, and of the installations that are not in use | parts of a bundle
# Licences of Oracle's databases and middleware are in the tables of the Oracle area, not here.
PRODUCTS = _products("""
    Microsoft | Windows | Windows 11 Pro | | Windows | system | installations | 180
    Microsoft | Windows | Windows 10 Enterprise | | Windows | system | installations | 210
    Microsoft | Windows Server | Windows Server | 2016 Standard, 2019 Datacenter, 2022 Standard \
        | Windows | system | cores | 68
    Apple | macOS | macOS | 13, 14, 15 | MacOSX | system | installations | 0
    Red Hat | Red Hat Enterprise Linux | Red Hat Enterprise Linux | 7, 8, 9 | Linux | system \
        | installations | 360s
    Microsoft | Office | Word | 2016, 2019, 2021, 2024 | Windows | licensed | installations | 160
    Microsoft | Office | Excel | 2016, 2019, 2021, 2024 | Windows | licensed | installations | 160
    Microsoft | Office | PowerPoint | 2016, 2019, 2021, 2024 | Windows | licensed | installations | 160
    Microsoft | Office | Outlook | 2016, 2019, 2021, 2024 | Windows | licensed | installations | 160
    Microsoft | Office | Access | 2016, 2019, 2021, 2024 | Windows | licensed | installations | 160
    Microsoft | Office | Office Professional Plus | 2016, 2019, 2021, 2024 | Windows | bundle \
        | installations | 430 | .94 .05 .06 | Word, Excel, PowerPoint, Outlook, Access
    Microsoft | Visio | Visio Professional | 2016, 2019, 2021, 2024 | Windows | licensed \
        | installations | 480 | .09 0 .5
    Microsoft | Project | Project Professional | 2016, 2019, 2021, 2024 | Windows | licensed \
        | installations | 890 | .06 0 .5
    Microsoft | SQL Server | SQL Server Standard | 2014, 2016, 2019, 2022 | Windows | licensed | cores \
        | 1650 | 0 .25 .05
    Microsoft | SQL Server | SQL Server Enterprise | 2016, 2019 | Windows | licensed | cores \
        | 6300m | 0 .05 .05
    Microsoft | SQL Server | SQL Server Management Studio | 18, 19, 20 | Windows | free | installations \
        | 0 | .07 .3 .4
    Microsoft | Visual Studio | Visual Studio Enterprise | 2019, 2022 | Windows | licensed | users \
        | 2400s | .05 0 .15
    Microsoft | Visual Studio | Visual Studio Code | 1.85, 1.92, 1.96 | CrossPlatform | free \
        | installations | 0 | .14 .02 .2
    Microsoft | Exchange | Exchange Server Standard | 2016, 2019 | Windows | licensed | installations \
        | 680 | 0 .06 0
    Microsoft | Teams | Teams | 1.6, 24 | CrossPlatform | free | installations | 0 | .96 0 .05
    Microsoft | Edge | Edge | 120, 126, 131 | CrossPlatform | free | installations | 0 | .97 .8 .3
    Adobe | Creative Cloud | Photoshop | 2023, 2024, 2025 | CrossPlatform | licensed | users \
        | 300s | .04 0 .35
    Adobe | Creative Cloud | Illustrator | 2023, 2024, 2025 | CrossPlatform | licensed | users \
        | 300s | .02 0 .35
    Adobe | Creative Cloud | InDesign | 2023, 2024, 2025 | CrossPlatform | licensed | users \
        | 300s | .02 0 .35
    Adobe | Creative Cloud | Premiere Pro | 2023, 2024, 2025 | CrossPlatform | licensed | users \
        | 300s | .01 0 .35
    Adobe | Creative Cloud | Creative Cloud All Apps | 2023, 2024, 2025 | CrossPlatform | bundle \
        | users | 790s | .05 0 .3 | Photoshop, Illustrator, InDesign, Premiere Pro
    Adobe | Acrobat | Acrobat Pro | XI, 2017, 2020 | Windows | licensed | devices | 390 | .2 0 .45
    Adobe | Acrobat | Acrobat Reader | 2020, 2024 | CrossPlatform | free | installations | 0 | .85 .2 .3
    Autodesk | AutoCAD | AutoCAD | 2022, 2023, 2024, 2025 | Windows | licensed | concurrent \
        | 1990s | .06 0 .2
    Autodesk | Revit | Revit | 2023, 2024 | Windows | licensed | concurrent | 2950s | .02 0 .2
    Oracle | Oracle Database | Oracle Database Enterprise Edition | 12c, 19c, 21c | Linux \
        | free | processors | 0
    Oracle | Java | Java SE Development Kit | 8, 11, 17, 21 | CrossPlatform | licensed | custom | 110s
    Oracle | WebLogic | WebLogic Server | 12.2, 14.1 | Linux | free | processors | 0
    IBM | Db2 | Db2 Advanced | 10.5, 11.5 | Linux | licensed | value units | 42m | 0 .05 0
    IBM | WebSphere | WebSphere Application Server | 8.5, 9.0 | Aix | licensed | value units | 48m | 0 .05 .1
    IBM | SPSS | SPSS Statistics | 27, 29 | Windows | licensed | concurrent | 1900s | .015 0 .25
    VMware | vSphere | vSphere Enterprise Plus | 7, 8 | WMware | licensed | processors | 3300m | 0 .9 0
    Citrix | Virtual Apps | Workspace App | 2203, 2402 | CrossPlatform | free | installations | 0 | .3 0 .3
    SAP | SAP GUI | GUI for Windows | 7.70, 8.00 | Windows | licensed | users | 1350m | .45 0 .08
    Tableau | Tableau | Desktop Professional | 2022.3, 2023.3, 2024.2 | Windows | licensed | users \
        | 810s | .05 0 .35
    JetBrains | IntelliJ IDEA | IntelliJ IDEA Ultimate | 2023.2, 2024.1, 2024.3 | CrossPlatform \
        | licensed | users | 550s | .04 0 .25
    Atlassian | Jira | Jira Cloud | | None | web | users | 0
    Salesforce | Salesforce | Sales Cloud | | None | web | users | 0
    Microsoft | OneDrive | OneDrive | 24, 25 | CrossPlatform | free | installations | 0 | .95 0 .2
    Microsoft | .NET | .NET Desktop Runtime | 6, 8 | Windows | free | installations | 0 | .8 .4 .4
    Microsoft | Visual C++ | Visual C++ Redistributable | 2015-2022 | Windows | free | installations \
        | 0 | .98 .9 .5
    Microsoft | Intune | Company Portal | 11 | CrossPlatform | free | installations | 0 | .92 0 .4
    Intel | Graphics | Graphics Driver | 30, 31 | Windows | free | installations | 0 | .8 0 .5
    Realtek | Audio | High Definition Audio Driver | 6 | Windows | free | installations | 0 | .85 0 .5
    Flexera | Snow | Snow Inventory Agent | 6, 7 | CrossPlatform | free | installations | 0 | .97 .96 .1
    Google | Chrome | Chrome | 118, 125, 131 | CrossPlatform | free | installations | 0 | .85 .3 .1
    Mozilla | Firefox | Firefox | 115 ESR, 128 ESR, 132 | CrossPlatform | free | installations \
        | 0 | .2 .05 .4
    Mozilla | Firefox | Firefox (all releases) | | CrossPlatform | group | installations | 0
    Google | Chrome | Chrome (all releases) | | CrossPlatform | group | installations | 0
    Zoom | Zoom | Workplace | 5.17, 6.2 | CrossPlatform | free | installations | 0 | .35 0 .5
    Cisco | AnyConnect | Secure Client | 4.10, 5.1 | CrossPlatform | licensed | devices | 42s | .9 0 .1
    Igor Pavlov | 7-Zip | 7-Zip | 19, 22, 24 | Windows | free | installations | 0 | .7 .6 .5
    Notepad++ Team | Notepad++ | Notepad++ | 7, 8 | Windows | free | installations | 0 | .3 .45 .4
    VideoLAN | VLC | VLC media player | 3 | CrossPlatform | free | installations | 0 | .2 0 .5
    PuTTY | PuTTY | PuTTY | 0.76, 0.81 | Windows | free | installations | 0 | .1 .2 .3
    WinSCP | WinSCP | WinSCP | 5, 6 | Windows | free | installations | 0 | .08 .1 .4
    KeePass | KeePass | KeePass | 2 | Windows | free | installations | 0 | .12 .05 .2
    Jäger Software | Größenrechner | Größenrechner | 3, 4 | Windows | licensed | installations \
        | 39 | .05 0 .4
    RARLAB | WinRAR | WinRAR | 5, 6, 7 | Windows | licensed | installations | 29 | .1 .05 .5
    TeamViewer | TeamViewer | TeamViewer | 13, 15 | Windows | licensed | concurrent | 620s | .07 .1 .5
    Minitab | Minitab | Statistical Software | 20, 22 | Windows | licensed | concurrent | 1490s | .03 0 .2
    Dassault Systèmes | SOLIDWORKS | SOLIDWORKS Premium | 2021, 2023, 2024 | Windows | licensed \
        | concurrent | 7100m | .03 0 .12
    The MathWorks | MATLAB | MATLAB | R2021b, R2023a, R2024b | Windows | licensed | users | 2150m | .04 0 .2
""")

LONG_TAIL_WORDS = parts(
    "Pixel, Ledger, Quick, Archive, Signal, Harbour, Vector, Audit, Kanal, Meadow, Orbit, Print, Route, "
    "Scan, Tempo, Union, Vault, Wave, Zenit, Labor"
)
