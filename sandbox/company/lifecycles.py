"""Release and end-of-support dates of software, from the makers' public lifecycle pages.

A release that is not listed has no date announced by its maker. `support` is the end of mainstream, premier
or full support; `extended` is the end of later support that is free or sold as an extension.
"""

from typing import NamedTuple

from sandbox.company.values import lines


class Lifecycle(NamedTuple):
    """The dates of one release."""

    released: str
    support: str | None = None
    extended: str | None = None


# product | release | released | end of support | end of extended support
_DAYS = """
    Windows 11 Pro | | 2021-10-05
    Windows 10 Enterprise | | 2015-07-29 | 2025-10-14 | 2025-10-14
    Windows Server | 2016 Standard | 2016-10-15 | 2022-01-11 | 2027-01-12
    Windows Server | 2019 Datacenter | 2018-11-13 | 2024-01-09 | 2029-01-09
    Windows Server | 2022 Standard | 2021-08-18 | 2026-10-13 | 2031-10-14
    macOS | 13 | 2022-10-24
    macOS | 14 | 2023-09-26
    macOS | 15 | 2024-09-16
    Red Hat Enterprise Linux | 7 | 2014-06-10 | 2024-06-30 | 2028-06-30
    Red Hat Enterprise Linux | 8 | 2019-05-07 | 2029-05-31 | 2032-05-31
    Red Hat Enterprise Linux | 9 | 2022-05-17 | 2032-05-31 | 2035-05-31
    SQL Server | 2014 | 2014-06-05 | 2019-07-09 | 2024-07-09
    SQL Server | 2016 | 2016-06-01 | 2021-07-13 | 2026-07-14
    SQL Server | 2019 | 2019-11-04 | 2025-02-28 | 2030-01-08
    SQL Server | 2022 | 2022-11-16 | 2028-01-11 | 2033-01-11
    Visual Studio Enterprise | 2019 | 2019-04-02 | 2024-04-09 | 2029-04-10
    Visual Studio Enterprise | 2022 | 2021-11-08 | 2027-01-12 | 2032-01-13
    Exchange Server Standard | 2016 | 2015-10-01 | 2020-10-13 | 2025-10-14
    Exchange Server Standard | 2019 | 2018-10-22 | 2024-01-09 | 2025-10-14
    Office | 2016 | 2015-09-22 | 2020-10-13 | 2025-10-14
    Office | 2019 | 2018-09-24 | 2023-10-10 | 2025-10-14
    Office | 2021 | 2021-09-16 | 2026-10-13 | 2026-10-13
    Office | 2024 | 2024-09-16 | 2029-10-09 | 2029-10-09
    Acrobat Pro | XI | 2012-10-15 | 2017-10-15 | 2017-10-15
    Acrobat Pro | 2017 | 2017-06-06 | 2022-06-06 | 2022-06-06
    Acrobat Pro | 2020 | 2020-06-01 | 2025-11-30 | 2025-11-30
    Acrobat Reader | 2020 | 2020-06-01 | 2025-11-30 | 2025-11-30
    Oracle Database Enterprise Edition | 12c | 2017-03-01 | 2020-11-30 | 2022-03-31
    Oracle Database Enterprise Edition | 19c | 2019-04-25 | 2029-12-31 | 2032-12-31
    Oracle Database Enterprise Edition | 21c | 2021-08-13 | 2027-07-31 | 2027-07-31
    Java SE Development Kit | 8 | 2014-03-18 | 2022-03-31 | 2030-12-31
    Java SE Development Kit | 11 | 2018-09-25 | 2023-09-30 | 2032-01-31
    Java SE Development Kit | 17 | 2021-09-14 | 2026-09-30 | 2029-09-30
    Java SE Development Kit | 21 | 2023-09-19 | 2028-09-30 | 2031-09-30
    WebLogic Server | 12.2 | 2015-10-23 | 2026-12-31 | 2027-12-31
    Db2 Advanced | 10.5 | 2013-06-14 | 2020-04-30 | 2023-04-30
    Db2 Advanced | 11.5 | 2019-06-27 | 2027-04-30
    WebSphere Application Server | 8.5 | 2012-06-15
    WebSphere Application Server | 9.0 | 2016-06-24
    vSphere Enterprise Plus | 7 | 2020-04-02 | 2025-10-02 | 2027-04-02
    vSphere Enterprise Plus | 8 | 2022-10-11 | 2027-10-11 | 2029-10-11
    Secure Client | 4.10 | 2021-04-01 | 2024-03-31 | 2027-03-31
    .NET Desktop Runtime | 6 | 2021-11-08 | 2024-11-12 | 2024-11-12
    .NET Desktop Runtime | 8 | 2023-11-14 | 2026-11-10 | 2026-11-10
    Firefox | 115 ESR | 2023-07-04 | 2024-10-01 | 2024-10-01
    Firefox | 128 ESR | 2024-07-09 | 2025-09-16 | 2025-09-16
"""
# Products with the dates of another product, whose releases have the same names.
_AS = {
    **dict.fromkeys(("Word", "Excel", "PowerPoint", "Outlook", "Access"), "Office"),
    **dict.fromkeys(("Office Professional Plus", "Visio Professional", "Project Professional"), "Office"),
    **dict.fromkeys(("SQL Server Standard", "SQL Server Enterprise"), "SQL Server"),
}
_LIFECYCLES = {(name, release): Lifecycle(*days) for name, release, *days in lines(_DAYS)}


def lifecycle(product: str, release: str) -> Lifecycle | None:
    """Return the dates of a release, or `None` if its maker has announced none."""
    return _LIFECYCLES.get((_AS.get(product, product), release))
