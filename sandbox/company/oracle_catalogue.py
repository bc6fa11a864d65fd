"""Oracle products, and the fixed lists of names that the Oracle lookups return."""

from typing import NamedTuple

from sandbox.company.values import words

DATABASE, MIDDLEWARE, JAVA = "Database", "Middleware", "Java"
EDITION, OPTION, PACK = "Database", "DatabaseEnterpriseOption", "DatabaseManagementPack"
SERVER, SUITE_OPTION, JAVA_RUNTIME = "ApplicationServer", "WebLogicSuiteOption", "JavaInstallation"


class Product(NamedTuple):
    """A product on Oracle's price list; `processor_price` is the price of one processor licence."""

    key: str
    name: str
    category: str
    kind: str
    edition: str | None = None
    acronym: str | None = None
    processor_price: int = 0


PRODUCTS = (
    Product("ee", "Oracle Database", DATABASE, EDITION, "Enterprise Edition", "EE", 47500),
    Product("se2", "Oracle Database", DATABASE, EDITION, "Standard Edition 2", "SE2", 17500),
    Product("xe", "Oracle Database", DATABASE, EDITION, "Express Edition", "XE", 0),
    Product("rac", "Real Application Clusters", DATABASE, OPTION, None, "RAC", 23000),
    Product("adg", "Active Data Guard", DATABASE, OPTION, None, "ADG", 11500),
    Product("partitioning", "Partitioning", DATABASE, OPTION, None, None, 11500),
    Product("multitenant", "Multitenant", DATABASE, OPTION, None, None, 17500),
    Product("aso", "Advanced Security", DATABASE, OPTION, None, "ASO", 15000),
    Product("compression", "Advanced Compression", DATABASE, OPTION, None, "ACO", 11500),
    Product("label", "Label Security", DATABASE, OPTION, None, "OLS", 11500),
    Product("vault", "Database Vault", DATABASE, OPTION, None, None, 11500),
    Product("inmemory", "Database In-Memory", DATABASE, OPTION, None, None, 23000),
    Product("rat", "Real Application Testing", DATABASE, OPTION, None, "RAT", 11500),
    Product("diagnostics", "Diagnostics Pack", DATABASE, PACK, None, None, 7500),
    Product("tuning", "Tuning Pack", DATABASE, PACK, None, None, 5000),
    Product("lifecycle", "Database Lifecycle Management Pack", DATABASE, PACK, None, "DBLM", 12000),
    Product("masking", "Data Masking and Subsetting Pack", DATABASE, PACK, None, None, 11500),
    Product("wls-se", "WebLogic Server", MIDDLEWARE, SERVER, "Standard Edition", "WLS SE", 10000),
    Product("wls-ee", "WebLogic Server", MIDDLEWARE, SERVER, "Enterprise Edition", "WLS EE", 25000),
    Product("wls-suite", "WebLogic Suite", MIDDLEWARE, SERVER, None, None, 45000),
    Product("soa", "SOA Suite for Oracle Middleware", MIDDLEWARE, SUITE_OPTION, None, "SOA", 57500),
    Product("forms", "Forms and Reports", MIDDLEWARE, SERVER, None, None, 23000),
    Product("java-se", "Java SE", JAVA, JAVA_RUNTIME, "Universal Subscription", None, 0),
)

LOOKUPS = {
    "compliance-statuses": words("NoProducts IncompleteData NotCompliant CompliantWithIssues Compliant"),
    "environment-types": ("Production", "Test", "Development", "Disaster Recovery", "Not specified"),
    "license-item-types": ("Default", "Upgrade", "Migration"),
    "license-metric-types": ("Nup", "Processor"),
    "licensing-types": ("None", "License", "Subscription"),
    "partitioning-types": ("None", "Soft", "Hard"),
    "categories": (DATABASE, MIDDLEWARE, JAVA),
    "product-compliance-statuses": ("Compliant", "NotCompliant", "OverCompliant", "CompliantWithIssues"),
    "types": (
        EDITION,
        OPTION,
        PACK,
        SERVER,
        SUITE_OPTION,
        "WebLogicServerEnterpriseEditionOption",
        "ApplicationServerEnterpriseManagement",
        JAVA_RUNTIME,
    ),
}

FEATURES = (
    ("Partitioning (user)", "Partitioned tables of users"),
    ("Automatic Workload Repository", "AWR snapshots or reports"),
    ("SQL Tuning Advisor", "Tuning of statements"),
    ("Advanced Index Compression", "Indexes with advanced compression"),
    ("Transparent Data Encryption", "Encrypted tablespaces"),
    ("Data Guard", "Standby databases"),
    ("Flashback Data Archive", "History of tables"),
    ("Resource Manager", "Plans that share the processors"),
    ("Recovery Manager (RMAN)", "Backups by RMAN"),
    ("Result Cache", "Cached results of queries"),
    ("Materialized Views (User)", "Materialized views of users"),
    ("Oracle Text", "Index of text"),
)
ACCOUNTS = words("SYS SYSTEM DBSNMP OUTLN APPQOSSYS HR_APP LAGER FAKTURA ØKONOMI REPORTING")
