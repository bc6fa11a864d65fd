"""SaaS products that the made-up company uses, and words for their records.

The first two products, ServiceNow and Salesforce, have a subscription family of their own.
"""

import re
from typing import NamedTuple

from sandbox.company.values import lines, parts


class Plan(NamedTuple):
    """One kind of subscription to a product."""

    name: str
    monthly_cost: float
    monitored: bool = True
    weight: float = 1  # number of holders relative to the other plans of the product


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
    share: float = 0.03  # share of all people that use it


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

# Salesforce sells each plan per organization; the second value is the kind of licence.
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


def _plans(text: str) -> tuple[Plan, ...]:
    """Parse plans such as ``Zoom Pro 13.33; Zoom Business 18.32 x4``: a name, a price and a weight."""
    plans = (
        re.fullmatch(r"(.+?) ([0-9.]+)( unmonitored)?(?: x([0-9.]+))?", part) for part in parts(text, ";")
    )
    return tuple(Plan(plan[1], float(plan[2]), not plan[3], float(plan[4] or 1)) for plan in plans if plan)


def _products(text: str) -> tuple[Product, ...]:
    return tuple(
        Product(
            name,
            vendor,
            f"https://{website}",
            category,
            ai_category,
            ai_subcategory,
            _OWN_PLANS.get(name) or (_plans(rest[1]) if len(rest) > 1 else ()),
            bundle=rest[:1] == ["bundle"],
            share=_SHARES.get(name, 0.03),
        )
        for name, vendor, website, category, ai_category, ai_subcategory, *rest in lines(text)
    )


_OWN_PLANS = {SERVICENOW: SERVICENOW_PLANS, SALESFORCE: tuple(plan for plan, _ in SALESFORCE_PLANS)}

# Share of all people that use a product; others have the default.
_SHARES = {
    SERVICENOW: 0.14,
    SALESFORCE: 0.2,
    "Microsoft 365": 0.93,
    "Microsoft Teams": 0.86,
    "Zoom Workplace": 0.18,
    "Slack": 0.06,
    "Adobe Creative Cloud": 0.06,
    "Adobe Acrobat": 0.22,
    "Atlassian Jira": 0.22,
    "Atlassian Confluence": 0.25,
    "GitHub": 0.1,
    "DocuSign": 0.08,
    "Miro": 0.12,
    "ChatGPT": 0.25,
    "Tableau Cloud": 0.12,
    "Workday": 0.88,
    "SAP Concur": 0.45,
    "Okta": 0.5,
    "DeepL": 0.12,
}

# name | vendor | website | category | AI category | AI subcategory | bundle, if it is one | monthly costs of
# the plans
PRODUCTS = _products("""
    ServiceNow | ServiceNow, Inc. | www.servicenow.com | IT Service Management | Operations | Service Desk
    Salesforce | Salesforce, Inc. | www.salesforce.com | Customer Relationship Management | Sales | CRM
    Microsoft 365 | Microsoft Corporation | www.microsoft365.com | Office Suite | Productivity \
        | Office | bundle \
        | Microsoft 365 E3 36 x9; Microsoft 365 E5 57 x4; Microsoft 365 F3 8 x6; \
        Microsoft 365 Business Basic 6
    Microsoft Teams | Microsoft Corporation | teams.microsoft.com | Communication | Collaboration \
        | Chat and Meetings
    Zoom Workplace | Zoom Communications, Inc. | zoom.us | Communication | Collaboration \
        | Chat and Meetings | | Zoom Pro 13.33; Zoom Business 18.32
    Slack | Salesforce, Inc. | slack.com | Communication | Collaboration | Chat and Meetings | \
        | Slack Pro 7.25
    Adobe Creative Cloud | Adobe Inc. | www.adobe.com | Digital Content Editing Platform | Design \
        | Graphic Design | bundle | Creative Cloud All Apps 89.99; Photoshop Single App 37.99
    Adobe Acrobat | Adobe Inc. | acrobat.adobe.com | Document Management | Productivity | Documents | \
        | Acrobat Pro 23.99
    Atlassian Jira | Atlassian Pty Ltd | www.atlassian.com | Project Management | Engineering \
        | Issue Tracking | | Jira Standard 7.53 x5; Jira Premium 13.53
    Atlassian Confluence | Atlassian Pty Ltd | www.atlassian.com | Content Management | Productivity \
        | Wiki | | Confluence Standard 5.16
    GitHub | GitHub, Inc. | github.com | Software Development | Engineering | Source Control | \
        | GitHub Enterprise 21; GitHub Copilot Business 19
    DocuSign | Docusign, Inc. | www.docusign.com | Document Management | Productivity | Documents | \
        | Business Pro 40
    Dropbox | Dropbox, Inc. | www.dropbox.com | File Sharing | Storage | Cloud Storage | | Dropbox Business 15
    Miro | RealtimeBoard, Inc. | miro.com | Whiteboard | Collaboration | Visual Work
    Figma | Figma, Inc. | www.figma.com | Digital Content Editing Platform | Design | Interface Design \
        | | Figma Organization 45
    ChatGPT | OpenAI, Inc. | chatgpt.com | Artificial Intelligence | Generative AI | Assistants | \
        | ChatGPT Team 25
    Tableau Cloud | Salesforce, Inc. | www.tableau.com | Business Intelligence | Analytics \
        | Dashboards | | Tableau Creator 75; Tableau Viewer 15 x4
    Workday | Workday, Inc. | www.workday.com | Human Resources | Operations | Human Capital | \
        | Workday HCM 34 unmonitored
    SAP Concur | SAP SE | www.concur.com | Expense Management | Finance | Travel and Expenses | \
        | Concur Expense 9
    Okta | Okta, Inc. | www.okta.com | Identity Management | Security | Single Sign-On
    Google Workspace | Google LLC | workspace.google.com | Office Suite | Productivity | Office \
        | bundle | Business Starter 7.2
    Trello | Atlassian Pty Ltd | trello.com | Project Management | Productivity | Task Boards
    Notion | Notion Labs, Inc. | www.notion.so | Content Management | Productivity | Wiki
    DeepL | DeepL SE | www.deepl.com | Translation | Generative AI | Translation
    Grammarly | Grammarly, Inc. | www.grammarly.com | Writing Aid | Generative AI | Writing
    WeTransfer | WeTransfer B.V. | wetransfer.com | File Sharing | Storage | File Transfer
    LastPass | LastPass US LP | www.lastpass.com | Identity Management | Security | Password Manager
""")

# The long tail of small services that the company uses.
TAIL_WORDS = parts("Fjord, Kestrel, Brücke, Olive, Quartz, Café, Larch, Meridian, Påfyll, Signal")
TAIL_KINDS = parts("Planner, Forms, Signage, Tickets, Recipes, Board, Notes, Payroll, Fleet")

CERTIFICATIONS = parts("ISO 27001, ISO 27018, SOC 1, SOC 2, SOC 3, HIPAA, PCI DSS, CSA STAR, FedRAMP")
ROLES = parts("Administrator, Editor, Fulfiller, Guest, Member, Viewer")
COUNTRY_CODES = parts("Se, De, Es, Gb, Us, Br, Au, Jp")

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
CONNECTOR, MANUAL, SINGLE_SIGN_ON = 0, 1, 3
