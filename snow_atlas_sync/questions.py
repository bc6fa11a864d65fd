"""Sample questions about the synced tables, with their queries for DuckDB.

Tables have the names of their streams, and columns those of their fields in lower case: the field
`lastScanDate` of the stream `computers` is `computers.lastscandate`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """Question with the query that answers it."""

    title: str
    streams: tuple[str, ...]
    """The streams whose tables the query reads."""
    sql: str


UNUSED_SOFTWARE = Question(
    title="Which installed software has nobody used for 90 days, or ever?",
    streams=("applications", "computer_applications"),
    sql="""
        SELECT a.name AS application,
               a.manufacturer,
               count(DISTINCT i.computerid) AS installations,
               count(DISTINCT i.computerid) FILTER (
                   WHERE i.lastused IS NULL OR i.lastused < now() - INTERVAL 90 DAY
               ) AS unused
        FROM computer_applications i
        JOIN applications a ON a.id = i.applicationid
        WHERE i.isinstalled AND NOT a.isos AND NOT a.isbundle
        GROUP BY ALL
        HAVING unused > 0
        ORDER BY unused DESC, installations, application
        LIMIT 5
    """,
)

SILENT_COMPUTERS = Question(
    title="Which computers have not been scanned for 90 days?",
    streams=("computers",),
    sql="""
        SELECT hostname AS computer,
               operatingsystem AS system,
               status,
               CAST(lastscandate AS DATE) AS last_scan,
               date_diff('day', lastscandate, now()::TIMESTAMP) AS days_ago
        FROM computers
        WHERE lastscandate < now() - INTERVAL 90 DAY
        ORDER BY lastscandate
        LIMIT 5
    """,
)

ENDING_SUPPORT = Question(
    title="Which installed software is out of support?",
    streams=("applications", "computer_applications"),
    sql="""
        SELECT a.name AS application,
               CAST(a.endofsupportdate AS DATE) AS supported_until,
               count(DISTINCT i.computerid) AS installations
        FROM computer_applications i
        JOIN applications a ON a.id = i.applicationid
        WHERE i.isinstalled AND a.endofsupportdate < now()
        GROUP BY ALL
        ORDER BY installations DESC, supported_until, application
        LIMIT 5
    """,
)

LICENSE_SPENDING = Question(
    title="What did the licences for these applications cost?",
    streams=("applications", "licenses"),
    sql="""
        SELECT a.name AS application,
               l.purchasecurrency AS currency,
               CAST(sum(l.quantity) AS BIGINT) AS licences,
               CAST(sum(l.purchasevalue) AS DOUBLE) AS spent
        FROM licenses l
        JOIN applications a ON a.id = l.applicationid
        WHERE l.purchasevalue > 0
        GROUP BY ALL
        ORDER BY spent DESC
        LIMIT 5
    """,
)

QUESTIONS = (UNUSED_SOFTWARE, SILENT_COMPUTERS, ENDING_SUPPORT, LICENSE_SPENDING)
