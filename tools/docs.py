"""Write the generated pages of docs/ from the definitions, schemas and questions: `make docs`.

With --check nothing is written; the exit code is 1 if a page is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from snow_atlas_sync.questions import Question
from source_snow_atlas import definitions
from tools import generated, reading
from tools.exclusions import Exclusions
from tools.schemas import schema
from tools.sensitive import mark
from tools.shape import Shape, shape_of
from tools.stream_questions import questions_by_area

PROJECT = Path(__file__).resolve().parent.parent
DOCS = PROJECT / "docs"
LINKS = "_links"
NOTICE = "<!-- Written by `make docs`; change the definitions, schemas or questions instead. -->"

AREAS: Mapping[str, tuple[str, str]] = {
    "computers": ("Computers", "Computers with their hardware, installed software and its use."),
    "user_accounts": ("User accounts", "The estate's users and their directory entries."),
    "mobile_devices": ("Mobile devices", "Phones and tablets."),
    "datacenters": ("Datacenters", "Datacenters and clusters, their members and hypervisors."),
    "custom_objects": ("Custom objects", "Assets of custom types, with their properties."),
    "applications": (
        "Applications",
        "The software registry: applications, their families, types and metrics.",
    ),
    "agreements": ("Agreements and contracts", "Agreements and contracts with their periods."),
    "licenses": (
        "Licences",
        "Licences, their costs and assignments, compliance, tracking and transfers.",
    ),
    "oracle": ("Oracle", "Oracle databases, middleware and Java, the licences they need, and orders."),
    "organizations": ("Organizations", "The organization tree, and the tenant itself."),
    "custom_fields": ("Custom fields", "Custom fields and metrics of the tenant, and their values."),
    "assets": ("Files and links", "Files and links attached to assets."),
    "audit_logs": ("Audit log", "The activity of users in Snow Atlas."),
    "saas": ("SaaS", "SaaS applications, their users and subscriptions, and key figures."),
    "inventory": (
        "Inventory",
        "Devices as the inventory reported them, before Snow Atlas makes computers of them.",
    ),
}


INDEX_NOTES = """\
- **Requests** is the cost of reading the stream. *Per page* and *one* are cheap for an estate of any size.
  *Per parent* means one request for every record of another stream, which is read for it even if it is not
  selected.
- **✓** marks the suggested streams, which Airbyte selects at first. *Per parent* and *sensitive* streams are
  never suggested.
- **Sensitive** streams hold secrets or data about people. Fields are marked in all streams: *secret* may hold
  a secret, *personal* identifies a person.
- Every field may be null. Records also have the fields that Snow Atlas sends beyond those listed here. Most
  have `_links`, the API's own links, which these pages omit.
- [excluded.md](excluded.md) lists the endpoints without a stream, and why.
- [permissions.md](../permissions.md) lists the streams by permission.
"""

PERMISSION_NOTES = """\
An application registration in Snow Atlas reads what its permissions allow: Snow Atlas settings > Application
registrations. Grant only those of the streams you want. The connection test says which areas the registration
can read, and what to grant for the others.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    return generated.run("docs", __doc__, DOCS, stale_pages, arguments)


def stale_pages(folder: Path) -> generated.Stale:
    """Return the stale pages with their new text, or with `None` for a page that should not exist."""
    wanted = {folder / name: text for name, text in pages().items()}
    return generated.stale(wanted, (folder / "streams").glob("*.md"))


def pages() -> dict[str, str]:
    """Return the text of every generated page by its path in docs/."""
    texts = {f"streams/{area}.md": area_page(area) for area in AREAS}
    texts["streams/README.md"] = index_page()
    texts["streams/excluded.md"] = excluded_page()
    texts["permissions.md"] = permissions_page()
    return {path: "\n".join([NOTICE, "", *lines]).rstrip() + "\n" for path, lines in texts.items()}


def index_page() -> list[str]:
    """Return the page with every stream, its rows and its cost."""
    names = definitions.stream_definitions()
    lines = [
        "# Streams",
        "",
        f"{len(names)} streams in {len(AREAS)} areas, each with endpoint, permission, key, cost and fields.",
        "",
        *INDEX_NOTES.splitlines(),
    ]
    for area, (title, text) in AREAS.items():
        rows = [
            (
                _link(name),
                schema(name)["description"],
                reading.short_cost(name),
                " ".join(filter(None, ["✓" * (name in suggested()), "sensitive" * _is_sensitive(name)])),
            )
            for name in streams_of(area)
        ]
        lines += [
            "",
            f"## [{title}]({area}.md)",
            "",
            text,
            "",
            *_table(("Stream", "Rows", "Requests", ""), rows),
        ]
    return lines


def area_page(area: str) -> list[str]:
    """Return the questions and streams of an area."""
    title, text = AREAS[area]
    names = streams_of(area)
    lines = [f"# {title}", "", f"{text} All areas: [streams](README.md).", ""]
    lines += _table(
        ("Stream", "Requests", "Permission"),
        [(_link(name, page=""), reading.cost(name), reading.permission_text(name)) for name in names],
    )
    if questions := questions_by_area().get(area):
        lines += [
            "",
            "## Questions",
            "",
            "SQL for DuckDB, on the tables that `make sync` writes.",
        ]
        for question in questions:
            lines += ["", *_question(question)]
    for name in names:
        lines += ["", *_stream(name)]
    return lines


def _question(question: Question) -> list[str]:
    tables = ", ".join(_link(name) for name in question.streams)
    return [f"### {question.title}", "", f"From {tables}.", "", "```sql", *question.sql.splitlines(), "```"]


def _stream(name: str) -> list[str]:
    parameters = definitions.parameters(name)
    facts = [("Endpoint", f"`GET {parameters['path']}`")] if "path" in parameters else []
    facts += [
        ("Permission", reading.permission_text(name)),
        ("Primary key", reading.primary_key(name)),
        ("Sync modes", reading.sync_modes(name)),
        ("Cost", reading.cost(name)),
    ]
    if parents := reading.parents(name):
        facts.append(("Parents", ", ".join(_link(parent) for parent in parents)))
    if parameters.get("filterable"):
        facts.append(("Filter", "set by the option `filters`"))
    if _is_sensitive(name):
        facts.append(("Sensitive", "holds secrets or data about people; not suggested"))
    return [
        f"## {name}",
        "",
        schema(name)["description"],
        "",
        *(f"- **{fact}**: {value}" for fact, value in facts),
        "",
        *_table(("Field", "Type", "Description"), list(_fields(name))),
    ]


def _fields(name: str) -> Iterator[tuple[str, str, str]]:
    descriptions = dict(_descriptions(schema(name)))
    for path, shape in shape_of(schema(name)).fields():
        if path.split(".")[0].split("[")[0] == LINKS or path.endswith("[]"):
            continue
        marked = mark(path.split(".")[-1])
        text = descriptions.get(path, "")
        yield f"`{path}`", type_name(shape), f"{text} *{marked}*" if marked else text


def _descriptions(part: Mapping[str, object], path: str = "") -> Iterator[tuple[str, str]]:
    properties = part.get("properties")
    if isinstance(properties, dict):
        for name, inner in properties.items():
            here = f"{path}.{name}" if path else name
            yield here, inner.get("description", "")
            yield from _descriptions(inner, here)
    items = part.get("items")
    if isinstance(items, dict):
        yield from _descriptions(items, f"{path}[]")


def type_name(shape: Shape) -> str:
    """Return a field's type as the tables show it."""
    if shape.format:
        return shape.format
    if shape.types == {"array"} and shape.items is not None and shape.items.types:
        return f"array of {type_name(shape.items)}"
    return " or ".join(sorted(shape.types))


def excluded_page() -> list[str]:
    """Return the endpoints without a stream, by reason, and the differences from the vendor's types."""
    exclusions = Exclusions.load()
    by_reason: dict[str, list[str]] = {}
    for endpoint in exclusions.endpoints:
        covered = f": see {_link(endpoint.stream)}" if endpoint.stream else ""
        by_reason.setdefault(endpoint.reason, []).append(f"- `{endpoint.path}`{covered}")
    lines = [
        "# Endpoints without a stream",
        "",
        f"{len(exclusions.endpoints)} GET endpoints of Snow Atlas have no stream, for these reasons.",
    ]
    for reason, entries in by_reason.items():
        lines += ["", f"**{reason}**", "", *entries]
    lines += ["", "# Fields whose type differs from the vendor's"]
    differences: dict[str, list[str]] = {}
    for each in exclusions.differences:
        differences.setdefault(each.reason, []).append(f"- `{each.field}` of {_link(each.stream)}")
    for reason, entries in differences.items():
        lines += ["", reason, "", *entries]
    return lines


def permissions_page() -> list[str]:
    """Return the streams by permission, and the permissions of all suggested streams."""
    by_permission: dict[str, list[str]] = {}
    for name in definitions.stream_definitions():
        if reading.permissions(name):
            by_permission.setdefault(reading.permission_text(name), []).append(name)
    unnamed = [
        name
        for name in definitions.stream_definitions()
        if not reading.permissions(name) and "path" in definitions.parameters(name)
    ]
    alternatives = {frozenset(granted) for name in suggested() if (granted := reading.permissions(name))}
    needed = sorted(
        " or ".join(f"`{name}`" for name in sorted(names))
        for names in alternatives
        if not any(other < names for other in alternatives)  # granted by another line already
    )
    return [
        "# Permissions",
        "",
        *PERMISSION_NOTES.splitlines(),
        "",
        "To read all suggested streams, grant",
        "",
        *(f"- {names}" for names in needed),
        "",
        "## Streams by permission",
        "",
        *_table(
            ("Permission", "Streams"),
            [(names, _links(streams)) for names, streams in sorted(by_permission.items())],
        ),
        "",
        f"The vendor's files name no permission for {_links(unnamed)}.",
        "",
        "## Streams that also need the permission of their parents",
        "",
        "Their keys come from streams with another permission.",
        "",
        *_table(("Stream", "Its permission", "Also needs"), list(_needs_of_parents())),
    ]


def _needs_of_parents() -> Iterator[tuple[str, str, str]]:
    for name in definitions.stream_definitions():
        own = reading.permission_text(name)
        others = {
            f"{reading.permission_text(parent)} for {_link(parent, page='streams/')}"
            for parent in reading.ancestors(name)
            if parent not in definitions.key_collections()
            and reading.permissions(parent)
            and reading.permission_text(parent) != own
        }
        if others:
            yield _link(name, page="streams/"), own, ", ".join(sorted(others))


def streams_of(area: str) -> list[str]:
    """Return the streams of an area in the order of their file, the main ones first."""
    return [name for name in definitions.stream_definitions() if definitions.parameters(name)["area"] == area]


@lru_cache(maxsize=1)
def suggested() -> frozenset[str]:
    """Return the streams that metadata.yaml suggests."""
    metadata = yaml.safe_load((PROJECT / "metadata.yaml").read_text(encoding="utf-8"))
    return frozenset(metadata["data"]["suggestedStreams"]["streams"])


def _is_sensitive(name: str) -> bool:
    return bool(definitions.parameters(name).get("sensitive"))


def _link(name: str, page: str | None = None) -> str:
    """Return a link to a stream's section: on a page of docs/streams, the same page (""), or `page`."""
    area = definitions.parameters(name)["area"]
    target = "" if page == "" else f"{page or ''}{area}.md"
    return f"[{name}]({target}#{name})"


def _links(names: Sequence[str]) -> str:
    return ", ".join(_link(name, page="streams/") for name in names)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    return [line(headings), f"|{'---|' * len(headings)}", *map(line, rows)]


if __name__ == "__main__":
    sys.exit(main())
