"""The drift report: whatever the vendor changes in its files has to be told, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.drift import Stream, drift, main, streams
from tools.exclusions import Exclusions
from tools.openapi import SpecificationError, normalized, read_folder
from tools.shape import Shape, shape_of

SPECIFICATIONS = Path(__file__).resolve().parents[2] / "shared" / "api_specifications"

RECORD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "guid"},
        "count": {"type": "integer", "format": "int32"},
        "seen": {"type": "string", "format": "date-time", "nullable": True},
        "owner": {"$ref": "#/components/schemas/Owner"},
        "tags": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
    },
}
OURS: dict[str, Any] = {
    "properties": {
        "recordKey": {"type": ["null", "string"]},
        "id": {"type": ["null", "string"]},
        "count": {"type": ["null", "integer"]},
        "seen": {"type": ["null", "string"], "format": "date-time"},
        "owner": {"type": ["null", "object"], "properties": {"name": {"type": ["null", "string"]}}},
        "tags": {
            "type": ["null", "array"],
            "items": {"type": ["null", "object"], "properties": {"name": {"type": ["null", "string"]}}},
        },
    }
}
THINGS = Stream(
    name="things",
    path="/api/groups/{groupId}/things",
    permissions=frozenset({"things.r"}),
    filterable=True,
    added=frozenset({"recordKey", "groupId"}),
    shape=shape_of({"type": "object", **OURS}),
)


def document() -> dict[str, Any]:
    """A file in which the endpoint of the stream is declared just as the stream takes it."""
    names = ("page_number", "page_size", "filter")
    envelope = {
        "allOf": [
            {"type": "object", "properties": {"pagination": {"type": "object"}}},
            {"type": "object", "properties": {"items": {"type": "array", "items": RECORD}}},
        ]
    }
    operation = {
        "security": [{"BearerAuth": ["things.r"]}],
        "parameters": [{"in": "query", "name": name} for name in names],
        "responses": {"200": {"content": {"application/json": {"schema": envelope}}}},
    }
    owner = {"type": "object", "properties": {"name": {"type": "string"}}}
    copy: dict[str, Any] = json.loads(  # a copy that each test may change
        json.dumps(
            {
                "paths": {"/api/groups/{id}/things": {"get": operation, "post": {"responses": {}}}},
                "components": {"schemas": {"Owner": owner}},
            }
        )
    )
    return copy


def record_of(changed: dict[str, Any]) -> dict[str, Any]:
    schema = operation_of(changed)["responses"]["200"]["content"]["application/json"]["schema"]
    properties: dict[str, Any] = schema["allOf"][1]["properties"]["items"]["items"]["properties"]
    return properties


def operation_of(changed: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = changed["paths"]["/api/groups/{id}/things"]["get"]
    return operation


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., list[str]]:
    """Makes the report on a document, with the stream and exclusions of the test."""

    def of(changed: dict[str, Any], *, stream: Stream = THINGS, exclusions: Any = None) -> list[str]:
        (tmp_path / "things.json").write_text(json.dumps(changed), encoding="utf-8")
        return list(drift(read_folder(tmp_path), [stream], Exclusions.of(exclusions or {})))

    return of


Report = Callable[..., list[str]]


def test_nothing_is_printed_where_all_is_in_order(report: Report) -> None:
    """Differences of no meaning, such as names of placeholders and added fields, would drown the others."""
    assert report(document()) == []


def test_a_new_endpoint_is_told(report: Report) -> None:
    """A new part of the product would stay out of the connector unnoticed."""
    changed = document()
    changed["paths"]["/api/news"] = {"get": {"responses": {}}}
    assert report(changed) == ["/api/news: GET endpoint without a stream and without a reason (things.json)"]
    assert report(changed, exclusions={"endpoints": [{"reason": "Not data.", "paths": ["/api/news"]}]}) == []


def test_an_endpoint_that_is_gone_is_told(report: Report) -> None:
    """A stream would fail in every sync from the day on which the endpoint is switched off."""
    changed = document()
    changed["paths"] = {"/api/other": {"get": {"responses": {}}}}
    exclusions = {"endpoints": [{"reason": "Not data.", "paths": ["/api/other"]}]}
    assert report(changed, exclusions=exclusions) == [
        "things: the vendor's files have no GET endpoint /api/groups/{}/things"
    ]


@pytest.mark.parametrize(
    ("field", "declared", "told"),
    [
        ("size", {"type": "integer"}, "field of size: the vendor's files declare integer"),
        (
            "count",
            {"type": "string"},
            "type of count: the vendor's files declare string (things.json), the stream integer",
        ),
        ("id", {"type": "string", "format": "date"}, "type of id: the vendor's files declare string (date)"),
        ("seen", {"type": "string"}, "the stream string (date-time)"),
        (
            "tags",
            {"type": "array", "items": {"type": "string"}},
            "type of tags[]: the vendor's files declare string",
        ),
    ],
)
def test_a_field_that_is_new_or_of_another_type_is_told(
    report: Report, field: str, declared: dict[str, Any], told: str
) -> None:
    """A column would be missing, or a warehouse would refuse the values of the new type."""
    changed = document()
    record_of(changed)[field] = declared
    found = report(changed)
    assert any(told in line for line in found), found


def test_a_field_inside_an_object_or_an_array_is_told(report: Report) -> None:
    """Nested fields change as often as the others."""
    changed = document()
    changed["components"]["schemas"]["Owner"]["properties"]["email"] = {"type": "string"}
    record_of(changed)["tags"]["items"]["properties"]["color"] = {"type": "string"}
    assert [line.split(":")[1] for line in report(changed)] == [
        " field of owner.email",
        " field of tags[].color",
    ]


def test_a_field_that_is_gone_is_told_once_with_all_that_is_in_it(report: Report) -> None:
    """A column that stays empty for ever looks like data that is missing."""
    changed = document()
    del record_of(changed)["tags"]
    assert report(changed) == ["things: field of tags: the vendor's files declare nothing, the stream array"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"security": [{"BearerAuth": ["other.r"]}]}, "permissions: the vendor's files declare other.r"),
        ({"security": []}, "permissions: the vendor's files declare nothing"),
        (
            {"parameters": [{"in": "query", "name": "filter"}]},
            "page parameters: the vendor's files declare nothing",
        ),
        (
            {"parameters": [{"in": "query", "name": name} for name in ("page_number", "page_size")]},
            "filter: the vendor's files declare nothing",
        ),
    ],
)
def test_another_permission_or_parameter_is_told(report: Report, change: dict[str, Any], told: str) -> None:
    """Users would be asked for the wrong permission; pages or filters would be asked for in vain."""
    changed = document()
    operation_of(changed).update(change)
    (line,) = report(changed)
    assert told in line


def test_a_parameter_that_became_required_is_told(report: Report) -> None:
    """Every request of the stream would be refused."""
    changed = document()
    operation_of(changed)["parameters"].append({"in": "query", "name": "region", "required": True})
    (line,) = report(changed)
    assert "required parameters: the vendor's files declare region" in line


def test_a_meant_difference_is_left_out_as_long_as_it_is_the_same(report: Report) -> None:
    """A reason given for one difference must not hide the next one in the same place, or outlive it."""
    meant = {
        "differences": [
            {
                "reason": "Both are sent.",
                "aspect": "type",
                "declared": "string",
                "fields": {"things": ["count"]},
            }
        ]
    }
    changed = document()
    record_of(changed)["count"] = {"type": "string"}
    assert report(changed, exclusions=meant) == []
    record_of(changed)["count"] = {"type": "boolean"}
    assert len(report(changed, exclusions=meant)) == 2
    assert "no longer exists" in report(document(), exclusions=meant)[0]


def test_an_exclusion_that_no_longer_applies_is_told(report: Report) -> None:
    """Reasons that are no longer true would stand in the documentation."""
    read = {"endpoints": [{"reason": "Not data.", "paths": ["/api/groups/{id}/things"]}]}
    assert "the stream things reads it" in report(document(), exclusions=read)[0]
    gone = {"endpoints": [{"reason": "Not data.", "paths": ["/api/gone"]}]}
    assert "no such GET endpoint" in report(document(), exclusions=gone)[0]


def test_an_endpoint_is_covered_by_a_stream_only_while_that_has_its_fields(report: Report) -> None:
    """A detail that gets a field of its own would be left out although it tells more than the list."""
    changed = document()
    detail = {"type": "object", "properties": {"id": {"type": "string"}, "_links": {"type": "array"}}}
    changed["paths"]["/api/things/{id}"] = {
        "get": {"responses": {"200": {"content": {"application/json": {"schema": detail}}}}}
    }
    covered = {"endpoints": [{"reason": "Same.", "covered_by": {"/api/things/{thingId}": "things"}}]}
    assert report(changed, exclusions=covered) == []
    detail["properties"]["more"] = {"type": "string"}  # type: ignore[index]
    (line,) = report(changed, exclusions=covered)
    assert line.endswith("the stream things lacks its fields more")


def test_files_are_read_whatever_their_kind(tmp_path: Path) -> None:
    """One of the vendor's JSON files has a comma too many; a file that can't be read has to be told, not left
    out.
    """
    (tmp_path / "a.json").write_text(
        '{"paths": {"/api/a/{id}": {"get": {"responses": {},}},},}', encoding="utf-8"
    )
    (tmp_path / "b.yml").write_text("paths:\n  /api/b: {get: {responses: {}}}\n", encoding="utf-8")
    (tmp_path / "LICENSE").write_text("text", encoding="utf-8")
    assert set(read_folder(tmp_path)) == {"/api/a/{}", "/api/b"}
    (tmp_path / "c.yaml").write_text("paths: [", encoding="utf-8")
    with pytest.raises(SpecificationError, match=r"c\.yaml"):
        read_folder(tmp_path)


def test_a_schema_inside_itself_is_read(tmp_path: Path) -> None:
    """A tree is declared by a schema that refers to itself; following it for ever would stop the tool."""
    node = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}},
    }
    reply = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}}
    (tmp_path / "tree.json").write_text(
        json.dumps(
            {"paths": {"/api/tree": {"get": {"responses": reply}}}, "components": {"schemas": {"Node": node}}}
        ),
        encoding="utf-8",
    )
    ((operation,),) = read_folder(tmp_path).values()
    assert [path for path, _ in operation.rows("items").fields()] == ["children", "children[]"]


def test_a_folder_without_files_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong folder must not look like streams without drift."""
    assert main([str(tmp_path)]) == 2
    assert main([str(tmp_path / "missing")]) == 2
    assert "no OpenAPI file" in capsys.readouterr().err


def test_the_exit_code_tells_of_differences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CI goes by the exit code."""
    (tmp_path / "things.json").write_text(json.dumps(document()), encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert "/api/groups/{id}/things: GET endpoint without a stream" in capsys.readouterr().out


def test_each_endpoint_of_a_stream_is_known_once() -> None:
    """Two streams of one endpoint would be the same data twice."""
    paths = [normalized(stream.path) for stream in streams()]
    assert len(paths) == len(set(paths))
    excluded = [normalized(endpoint.path) for endpoint in Exclusions.load().endpoints]
    assert len(excluded) == len(set(excluded))


def test_shapes_of_alternatives_hold_the_fields_of_all() -> None:
    """A field that only one of several declared replies has is a field all the same."""
    first = Shape(frozenset({"object"}), properties={"a": Shape(frozenset({"string"}))})
    second = Shape(frozenset({"object"}), properties={"a": Shape(frozenset({"integer"})), "b": Shape()})
    assert str(first.joined(second).properties["a"]) == "integer or string"
    assert set(first.joined(second).properties) == {"a", "b"}


@pytest.mark.skipif(
    not SPECIFICATIONS.is_dir(), reason="needs the vendor's OpenAPI files in ../shared/api_specifications"
)
def test_the_streams_agree_with_the_vendors_files(capsys: pytest.CaptureFixture[str]) -> None:
    """The catalog promises fields and permissions that Snow Atlas does not have."""
    assert main([str(SPECIFICATIONS)]) == 0
    assert capsys.readouterr().out == ""
