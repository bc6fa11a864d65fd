"""Words the made-up company is made of: places, people, hardware models and software products."""

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
    "Andersson, Becker, Castillo, Dubois, Evans, Fischer, García, Hughes, Ibrahim, Jørgensen, Kowalski, "
    "Lindqvist, Müller, Nakamura, O'Brien, Pereira, Quinn, Rossi, Sato, Tanaka, Usman, Virtanen, Walker, "
    "Zhang"
)


class Hardware(NamedTuple):
    """A computer model as a shop sells it."""

    manufacturer: str
    website: str
    model: str
    processor: str
    speed: int
    cores: int


def _hardware(text: str) -> tuple[Hardware, ...]:
    return tuple(
        Hardware(maker, website, model, processor, int(speed), int(cores))
        for maker, website, model, processor, speed, cores in lines(text)
    )


LAPTOPS = _hardware("""
    Lenovo | https://www.lenovo.com | ThinkPad T480s | Intel Core i5-8350U @ 1.70GHz | 1700 | 4
    Lenovo | https://www.lenovo.com | ThinkPad X1 Carbon Gen 9 | Intel Core i7-1185G7 @ 3.00GHz | 2995 | 4
    Dell Inc. | https://www.dell.com | Latitude 7430 | Intel Core i7-1265U @ 1.80GHz | 1800 | 10
    Dell Inc. | https://www.dell.com | Precision 5550 | Intel Core i7-10850H @ 2.70GHz | 2700 | 6
    HP | https://www.hp.com | EliteBook 840 G8 | Intel Core i5-1145G7 @ 2.60GHz | 2600 | 4
    Apple | https://www.apple.com | MacBookPro18,3 | Apple M1 Pro | 3220 | 8
    Apple | https://www.apple.com | MacBookAir10,1 | Apple M1 | 3200 | 8
""")
DESKTOPS = _hardware("""
    Dell Inc. | https://www.dell.com | OptiPlex 7090 | Intel Core i7-11700 @ 2.50GHz | 2500 | 8
    HP | https://www.hp.com | EliteDesk 800 G6 | Intel Core i5-10500 @ 3.10GHz | 3100 | 6
""")
SERVERS = _hardware("""
    Dell Inc. | https://www.dell.com | PowerEdge R740 | Intel Xeon Gold 6248R @ 3.00GHz | 3000 | 24
    HPE | https://www.hpe.com | ProLiant DL380 Gen10 | Intel Xeon Gold 6230 @ 2.10GHz | 2100 | 20
    IBM | https://www.ibm.com | Power S922 | POWER9 (raw), altivec supported | 3800 | 8
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
    """A software product and the releases of it that the company has."""

    manufacturer: str
    family: str
    name: str
    releases: tuple[str, ...]
    platform: str = "Windows"
    kind: str = "licensed"  # licensed | free | system | web | bundle | group
    metric: str = "Installations"
    parts: tuple[str, ...] = ()  # of a bundle: the names of its products, without the release


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


def _products(text: str) -> tuple[Product, ...]:
    return tuple(
        Product(
            maker,
            family,
            name,
            parts(releases),
            platform,
            kind,
            _METRICS[metric],
            parts(*of_bundle) if of_bundle else (),
        )
        for maker, family, name, releases, platform, kind, metric, *of_bundle in lines(text)
    )


# manufacturer | family | name | releases | platform | kind | default metric | parts of a bundle
PRODUCTS = _products("""
    Microsoft | Windows | Windows 11 Pro | | Windows | system | installations
    Microsoft | Windows | Windows 10 Enterprise | | Windows | system | installations
    Microsoft | Windows Server | Windows Server | 2016 Standard, 2019 Datacenter, 2022 Standard \
        | Windows | system | cores
    Apple | macOS | macOS | 13, 14, 15 | MacOSX | system | installations
    Red Hat | Red Hat Enterprise Linux | Red Hat Enterprise Linux | 7, 8, 9 | Linux | system | installations
    Microsoft | Office | Word | 2016, 2019, 2021 | Windows | licensed | installations
    Microsoft | Office | Excel | 2016, 2019, 2021 | Windows | licensed | installations
    Microsoft | Office | PowerPoint | 2016, 2019, 2021 | Windows | licensed | installations
    Microsoft | Office | Outlook | 2016, 2019, 2021 | Windows | licensed | installations
    Microsoft | Office | Access | 2016, 2019, 2021 | Windows | licensed | installations
    Microsoft | Office | Office Professional Plus | 2016, 2019, 2021 | Windows | bundle \
        | installations | Word, Excel, PowerPoint, Outlook, Access
    Microsoft | Visio | Visio Professional | 2016, 2019, 2021 | Windows | licensed | installations
    Microsoft | Project | Project Professional | 2016, 2019, 2021 | Windows | licensed | installations
    Microsoft | SQL Server | SQL Server Standard | 2014, 2016, 2019, 2022 | Windows | licensed | cores
    Microsoft | SQL Server | SQL Server Enterprise | 2016, 2019 | Windows | licensed | cores
    Microsoft | SQL Server | SQL Server Management Studio | 18, 19, 20 | Windows | free | installations
    Microsoft | Visual Studio | Visual Studio Enterprise | 2019, 2022 | Windows | licensed | users
    Microsoft | Visual Studio | Visual Studio Code | 1.85, 1.92, 1.96 | CrossPlatform | free | installations
    Microsoft | Exchange | Exchange Server Standard | 2016, 2019 | Windows | licensed | user access
    Microsoft | Teams | Teams | 1.6, 24 | CrossPlatform | free | installations
    Microsoft | Edge | Edge | 120, 126, 131 | CrossPlatform | free | installations
    Adobe | Creative Cloud | Photoshop | 2023, 2024, 2025 | CrossPlatform | licensed | users
    Adobe | Creative Cloud | Illustrator | 2023, 2024, 2025 | CrossPlatform | licensed | users
    Adobe | Creative Cloud | InDesign | 2023, 2024, 2025 | CrossPlatform | licensed | users
    Adobe | Creative Cloud | Premiere Pro | 2023, 2024, 2025 | CrossPlatform | licensed | users
    Adobe | Creative Cloud | Creative Cloud All Apps | 2023, 2024, 2025 | CrossPlatform | bundle \
        | users | Photoshop, Illustrator, InDesign, Premiere Pro
    Adobe | Acrobat | Acrobat Pro | XI, 2017, 2020 | Windows | licensed | devices
    Adobe | Acrobat | Acrobat Reader | 2020, 2024 | CrossPlatform | free | installations
    Autodesk | AutoCAD | AutoCAD | 2022, 2023, 2024, 2025 | Windows | licensed | concurrent
    Autodesk | Revit | Revit | 2023, 2024 | Windows | licensed | concurrent
    Oracle | Oracle Database | Oracle Database Enterprise Edition | 12c, 19c, 21c | Linux \
        | licensed | processors
    Oracle | Java | Java SE Development Kit | 8, 11, 17, 21 | CrossPlatform | licensed | users
    Oracle | WebLogic | WebLogic Server | 12.2, 14.1 | Linux | licensed | processors
    IBM | Db2 | Db2 Advanced | 10.5, 11.5 | Linux | licensed | value units
    IBM | WebSphere | WebSphere Application Server | 8.5, 9.0 | Aix | licensed | value units
    IBM | SPSS | SPSS Statistics | 27, 29 | Windows | licensed | concurrent
    VMware | vSphere | vSphere Enterprise Plus | 7, 8 | WMware | licensed | processors
    Citrix | Virtual Apps | Workspace App | 2203, 2402 | CrossPlatform | free | installations
    SAP | SAP GUI | GUI for Windows | 7.70, 8.00 | Windows | licensed | users
    Tableau | Tableau | Desktop Professional | 2022.3, 2023.3, 2024.2 | Windows | licensed | users
    JetBrains | IntelliJ IDEA | IntelliJ IDEA Ultimate | 2023.2, 2024.1, 2024.3 | CrossPlatform \
        | licensed | users
    Atlassian | Jira | Jira Cloud | | None | web | users
    Salesforce | Salesforce | Sales Cloud | | None | web | users
    Google | Chrome | Chrome | 118, 125, 131 | CrossPlatform | free | installations
    Mozilla | Firefox | Firefox | 115 ESR, 128 ESR, 132 | CrossPlatform | free | installations
    Mozilla | Firefox | Firefox (all releases) | | CrossPlatform | group | installations
    Google | Chrome | Chrome (all releases) | | CrossPlatform | group | installations
    Zoom | Zoom | Workplace | 5.17, 6.2 | CrossPlatform | licensed | installations
    Cisco | AnyConnect | Secure Client | 4.10, 5.1 | CrossPlatform | licensed | installations
    Igor Pavlov | 7-Zip | 7-Zip | 19, 22, 24 | Windows | free | installations
    Notepad++ Team | Notepad++ | Notepad++ | 7, 8 | Windows | free | installations
    VideoLAN | VLC | VLC media player | 3 | CrossPlatform | free | installations
    PuTTY | PuTTY | PuTTY | 0.76, 0.81 | Windows | free | installations
    WinSCP | WinSCP | WinSCP | 5, 6 | Windows | free | installations
    KeePass | KeePass | KeePass | 2 | Windows | free | installations
    Jäger Software | Größenrechner | Größenrechner | 3, 4 | Windows | licensed | installations
    RARLAB | WinRAR | WinRAR | 5, 6, 7 | Windows | licensed | installations
    TeamViewer | TeamViewer | TeamViewer | 13, 15 | Windows | licensed | concurrent
    Minitab | Minitab | Statistical Software | 20, 22 | Windows | licensed | concurrent
    Dassault Systèmes | SOLIDWORKS | SOLIDWORKS Premium | 2021, 2023, 2024 | Windows | licensed | concurrent
    The MathWorks | MATLAB | MATLAB | R2021b, R2023a, R2024b | Windows | licensed | users
""")

LONG_TAIL_WORDS = parts(
    "Pixel, Ledger, Quick, Archive, Signal, Harbour, Vector, Audit, Kanal, Meadow, Orbit, Print, Route, "
    "Scan, Tempo, Union, Vault, Wave, Zenit, Labor"
)
