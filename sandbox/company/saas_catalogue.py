"""SaaS products that the made-up company uses, and the words their records are filled with.

The first two products are the ones with a subscription family of their own (ServiceNow, Salesforce).
"""

from typing import NamedTuple


class Plan(NamedTuple):
    """One kind of subscription to a product."""

    name: str
    monthly_cost: float
    monitored: bool = True


class Product(NamedTuple):
    """A SaaS product as the vendor's recognition service describes it."""

    name: str
    vendor: str
    website: str
    category: str
    ai_category: str
    ai_subcategory: str
    plans: tuple[Plan, ...] = ()
    bundle: bool = False


SERVICENOW = "ServiceNow"
SALESFORCE = "Salesforce"

SERVICENOW_PLANS = (
    Plan("ITSM Standard Fulfiller", 92.5),
    Plan("ITSM Professional Fulfiller", 131.0),
    Plan("HR Service Delivery Enterprise", 6.4),
    Plan("Customer Service Management Fulfiller", 110.0),
    Plan("IT Operations Management Discovery", 18.75, False),
    Plan("Business Stakeholder", 27.0),
    Plan("App Engine Starter", 0.0),
)

# Salesforce sells each plan per organization; the type says what kind of license the plan is.
SALESFORCE_PLANS = (
    (Plan("Salesforce", 165.0), "User"),
    (Plan("Salesforce Platform", 25.0), "User"),
    (Plan("Chatter Free", 0.0), "User"),
    (Plan("Chatter External", 0.0), "User"),
    (Plan("Identity", 5.0, False), "User"),
    (Plan("KnowledgeUser", 75.0), "Feature"),
    (Plan("MarketingUser", 40.0), "Feature"),
    (Plan("Einstein Activity Capture", 50.0), "PermissionSet"),
)

PRODUCTS = (
    Product(
        SERVICENOW,
        "ServiceNow, Inc.",
        "https://www.servicenow.com",
        "IT Service Management",
        "Operations",
        "Service Desk",
        SERVICENOW_PLANS,
    ),
    Product(
        SALESFORCE,
        "Salesforce, Inc.",
        "https://www.salesforce.com",
        "Customer Relationship Management",
        "Sales",
        "CRM",
        tuple(plan for plan, _ in SALESFORCE_PLANS),
    ),
    Product(
        "Microsoft 365",
        "Microsoft Corporation",
        "https://www.microsoft365.com",
        "Office Suite",
        "Productivity",
        "Office",
        (
            Plan("Microsoft 365 E3", 36.0),
            Plan("Microsoft 365 E5", 57.0),
            Plan("Microsoft 365 F3", 8.0),
            Plan("Microsoft 365 Business Basic", 6.0),
        ),
        bundle=True,
    ),
    Product(
        "Microsoft Teams",
        "Microsoft Corporation",
        "https://teams.microsoft.com",
        "Communication",
        "Collaboration",
        "Chat and Meetings",
    ),
    Product(
        "Zoom Workplace",
        "Zoom Communications, Inc.",
        "https://zoom.us",
        "Communication",
        "Collaboration",
        "Chat and Meetings",
        (Plan("Zoom Pro", 13.33), Plan("Zoom Business", 18.32)),
    ),
    Product(
        "Slack",
        "Salesforce, Inc.",
        "https://slack.com",
        "Communication",
        "Collaboration",
        "Chat and Meetings",
        (Plan("Slack Pro", 7.25),),
    ),
    Product(
        "Adobe Creative Cloud",
        "Adobe Inc.",
        "https://www.adobe.com",
        "Digital Content Editing Platform",
        "Design",
        "Graphic Design",
        (Plan("Creative Cloud All Apps", 89.99), Plan("Photoshop Single App", 37.99)),
        bundle=True,
    ),
    Product(
        "Adobe Acrobat",
        "Adobe Inc.",
        "https://acrobat.adobe.com",
        "Document Management",
        "Productivity",
        "Documents",
        (Plan("Acrobat Pro", 23.99),),
    ),
    Product(
        "Atlassian Jira",
        "Atlassian Pty Ltd",
        "https://www.atlassian.com",
        "Project Management",
        "Engineering",
        "Issue Tracking",
        (Plan("Jira Standard", 7.53), Plan("Jira Premium", 13.53)),
    ),
    Product(
        "Atlassian Confluence",
        "Atlassian Pty Ltd",
        "https://www.atlassian.com",
        "Content Management",
        "Productivity",
        "Wiki",
        (Plan("Confluence Standard", 5.16),),
    ),
    Product(
        "GitHub",
        "GitHub, Inc.",
        "https://github.com",
        "Software Development",
        "Engineering",
        "Source Control",
        (Plan("GitHub Enterprise", 21.0), Plan("GitHub Copilot Business", 19.0)),
    ),
    Product(
        "DocuSign",
        "Docusign, Inc.",
        "https://www.docusign.com",
        "Document Management",
        "Productivity",
        "Documents",
        (Plan("Business Pro", 40.0),),
    ),
    Product(
        "Dropbox",
        "Dropbox, Inc.",
        "https://www.dropbox.com",
        "File Sharing",
        "Storage",
        "Cloud Storage",
        (Plan("Dropbox Business", 15.0),),
    ),
    Product("Miro", "RealtimeBoard, Inc.", "https://miro.com", "Whiteboard", "Collaboration", "Visual Work"),
    Product(
        "Figma",
        "Figma, Inc.",
        "https://www.figma.com",
        "Digital Content Editing Platform",
        "Design",
        "Interface Design",
        (Plan("Figma Organization", 45.0),),
    ),
    Product(
        "ChatGPT",
        "OpenAI, Inc.",
        "https://chatgpt.com",
        "Artificial Intelligence",
        "Generative AI",
        "Assistants",
        (Plan("ChatGPT Team", 25.0),),
    ),
    Product(
        "Tableau Cloud",
        "Salesforce, Inc.",
        "https://www.tableau.com",
        "Business Intelligence",
        "Analytics",
        "Dashboards",
        (Plan("Tableau Creator", 75.0), Plan("Tableau Viewer", 15.0)),
    ),
    Product(
        "Workday",
        "Workday, Inc.",
        "https://www.workday.com",
        "Human Resources",
        "Operations",
        "Human Capital",
        (Plan("Workday HCM", 34.0, False),),
    ),
    Product(
        "SAP Concur",
        "SAP SE",
        "https://www.concur.com",
        "Expense Management",
        "Finance",
        "Travel and Expenses",
        (Plan("Concur Expense", 9.0),),
    ),
    Product(
        "Okta", "Okta, Inc.", "https://www.okta.com", "Identity Management", "Security", "Single Sign-On"
    ),
    Product(
        "Google Workspace",
        "Google LLC",
        "https://workspace.google.com",
        "Office Suite",
        "Productivity",
        "Office",
        (Plan("Business Starter", 7.2),),
        bundle=True,
    ),
    Product(
        "Trello",
        "Atlassian Pty Ltd",
        "https://trello.com",
        "Project Management",
        "Productivity",
        "Task Boards",
    ),
    Product(
        "Notion", "Notion Labs, Inc.", "https://www.notion.so", "Content Management", "Productivity", "Wiki"
    ),
    Product("DeepL", "DeepL SE", "https://www.deepl.com", "Translation", "Generative AI", "Translation"),
    Product(
        "Grammarly", "Grammarly, Inc.", "https://www.grammarly.com", "Writing Aid", "Generative AI", "Writing"
    ),
    Product(
        "WeTransfer", "WeTransfer B.V.", "https://wetransfer.com", "File Sharing", "Storage", "File Transfer"
    ),
    Product(
        "LastPass",
        "LastPass US LP",
        "https://www.lastpass.com",
        "Identity Management",
        "Security",
        "Password Manager",
    ),
)

# Beyond the well-known products the company uses a long tail of small services.
TAIL_WORDS = (
    "Fjord",
    "Kestrel",
    "Brücke",
    "Olive",
    "Quartz",
    "Café",
    "Larch",
    "Meridian",
    "Påfyll",
    "Signal",
)
TAIL_KINDS = ("Planner", "Forms", "Signage", "Tickets", "Recipes", "Board", "Notes", "Payroll", "Fleet")

CERTIFICATIONS = (
    "ISO 27001",
    "ISO 27018",
    "SOC 1",
    "SOC 2",
    "SOC 3",
    "HIPAA",
    "PCI DSS",
    "CSA STAR",
    "FedRAMP",
)
ROLES = ("Administrator", "Editor", "Fulfiller", "Guest", "Member", "Viewer")
COUNTRY_CODES = ("Se", "De", "Es", "Gb", "Us", "Br", "Au", "Jp")

# Discovery source types: 0 connector, 1 manual, 2 browser (unverified), 3 single sign-on, 4 device,
# 7 browser (verified), 8 cloud access security broker.
DISCOVERY_SOURCES = {
    0: "saas.collectors.m365",
    1: "Manual",
    2: "saas.browser.unverified",
    3: "saas.collectors.entra-sso",
    4: "sam.devices",
    7: "saas.browser.verified",
    8: "saas.collectors.defender-casb",
}
CONNECTOR, MANUAL, SINGLE_SIGN_ON, DEVICE = 0, 1, 3, 4
