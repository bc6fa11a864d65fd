"""The stream definitions: whole, consistent, and put together from exactly the streams that are asked for."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

from source_snow_atlas import definitions

STREAMS = definitions.stream_definitions()
NAMES = sorted(STREAMS)
SCHEMAS = resources.files("source_snow_atlas").joinpath("schemas")

# The vendor's files name no permission for these operations; `tenant` comes with the token.
WITHOUT_PERMISSION = {
    "custom_metrics",
    "files",
    "inventory_device_data",
    "inventory_device_software",
    "inventory_devices",
    "links",
    "tenant",
}


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(SCHEMAS.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return document


def primary_key(name: str) -> list[str]:
    key = STREAMS[name].get("primary_key", [])
    return [key] if isinstance(key, str) else key


def partition_fields(name: str) -> set[str]:
    parameters = definitions.parameters(name)
    fields = {field for parent in parameters.get("parents", ()) for field in parent["keys"]}
    fields |= set(parameters.get("values_from", ()))
    return fields | ({"fromDate", "toDate", "isComplete"} if parameters.get("window_format") else set())


def test_all_streams_are_there() -> None:
    """A stream that users sync would be gone."""
    assert len(NAMES) == 168
    assert {"computers", "licenses", "saas_users", "audit_logs", "tenant", "oracle_orders"} <= set(NAMES)


def test_names_are_unique_and_plain() -> None:
    """Two streams would write into one table, or a name could not be a table's."""
    listed = [stream["name"] for _, document in definitions._areas() for stream in document["streams"]]
    assert sorted(listed) == NAMES
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in listed)
    assert not set(definitions.key_collections()) & set(listed)


def test_every_stream_has_a_schema_that_describes_it() -> None:
    """Users would not know what a table or a column holds; or undeclared fields would be dropped."""
    for name in NAMES:
        document = schema(name)
        assert document["description"], name
        assert document["additionalProperties"] is True, name
        assert document["properties"], name
        for field, described in document["properties"].items():
            assert described.get("description"), field
            assert "null" in described["type"], field


def test_primary_keys_are_in_the_schema() -> None:
    """A destination that merges by the key could not create the table."""
    for name in NAMES:
        assert set(primary_key(name)) <= set(schema(name)["properties"]), name


def test_ids_of_parents_are_in_the_schema() -> None:
    """Child tables could not be joined with their parents."""
    for name in NAMES:
        assert partition_fields(name) <= set(schema(name)["properties"]), name


def test_a_record_key_is_the_primary_key_where_there_is_one() -> None:
    """Rows would be merged by a key that may be null."""
    for name in NAMES:
        parameters = definitions.parameters(name)
        assert bool(parameters.get("record_key")) == (primary_key(name) == ["recordKey"]), name
        known = set(schema(name)["properties"]) | partition_fields(name)
        assert set(parameters.get("record_key", ())) <= known, name


def test_placeholders_of_the_path_are_filled() -> None:
    """A request would leave with a brace in its path, and the stream be a 404."""
    for name in NAMES:
        parameters = definitions.parameters(name)
        placeholders = set(re.findall(r"{(\w+)}", parameters.get("path", "")))
        for parent in parameters.get("parents", ()):
            assert placeholders <= set(parent["keys"]) | set(parameters.get("values_from", ())), name
        if not parameters.get("parents"):
            assert not placeholders, name


def test_placeholders_of_key_collections_are_filled() -> None:
    """Streams two levels down could not be read."""
    for collection in definitions.key_collections().values():
        placeholders = set(re.findall(r"{(\w+)}", collection["path"]))
        assert all(placeholders <= set(parent["keys"]) for parent in collection["parents"])


def test_parents_exist_and_hold_the_keys() -> None:
    """Child tables would be empty: the field that their keys are taken from is not in the parent's
    records.
    """
    for name in NAMES:
        for parent in definitions.parameters(name).get("parents", ()):
            holder = parent["stream"]
            if holder in definitions.key_collections():
                continue
            fields = schema(holder)["properties"]
            for key in parent["keys"].values():
                assert key.split(".")[0] in fields, name
            if "where" in parent:
                assert "boolean" in fields[parent["where"]]["type"], name


def test_permissions_are_named() -> None:
    """The user would not learn which permission a refused stream needs."""
    for name in NAMES:
        permission = definitions.parameters(name).get("permission")
        names = [permission] if isinstance(permission, str) else permission or []
        assert all(re.fullmatch(r"[a-z.]+\.(r|crud)", each) for each in names), name
        assert bool(names) != (name in WITHOUT_PERMISSION), name


def test_parameters_are_known() -> None:
    """A misspelt parameter would have no effect, and nobody would notice."""
    for name in NAMES:
        known = {
            "name",
            "area",
            "path",
            "permission",
            "page_parameters",
            "items_field",
            "record_key",
            "cursor_field",
            "cursor_filter",
            "kept_until",
            "window_format",
            "parents",
            "values_from",
            "filterable",
            "sensitive",
        }
        assert set(definitions.parameters(name)) - known <= {"suggested"}, name
        for parent in definitions.parameters(name).get("parents", ()):
            assert set(parent) <= {"stream", "keys", "where", "lacking", "asset_kind"}, name


def test_streams_with_secrets_or_much_about_persons_are_marked() -> None:
    """Licence keys, environment variables and registry values would be suggested like any other table."""
    marked = {name for name in NAMES if definitions.parameters(name).get("sensitive")}
    assert {
        "computer_environment_variables",
        "computer_registries",
        "license_details",
        "audit_logs",
        "saas_users",
        "inventory_device_data",
    } <= marked


def test_composing_some_streams_brings_only_those() -> None:
    """Start-up of a sync of one table would cost as much as one of all."""
    document = definitions.compose(["computers", "computer_details"])
    assert [stream["name"] for stream in document["streams"]] == ["computers", "computer_details"]
    assert "streams" not in definitions.manifest(), "the shared manifest stays as it is"
    assert len(definitions.compose()["streams"]) == len(NAMES)


def test_composing_resolves_parents_and_grandparents() -> None:
    """Children whose parent is not part of the sync could not be read."""
    (stream,) = definitions.compose(["computer_details"])["streams"]
    (parent,) = stream["$parameters"]["parents"]
    assert parent["definition"] == {
        "name": "computers",
        "path": definitions.parameters("computers")["path"],
        "permission": "sam.computer.r",
        "key": ["id"],
    }
    collection = next(iter(definitions.key_collections()))
    child = next(name for name in NAMES if collection in definitions.parent_streams(name))
    (stream,) = definitions.compose([child])["streams"]
    (parent,) = [each for each in stream["$parameters"]["parents"] if each["stream"] == collection]
    (grandparent,) = parent["definition"]["parents"]
    assert grandparent["definition"]["path"] == definitions.parameters(grandparent["stream"])["path"]


def test_parents_that_cost_a_request_per_parent_are_read_before_their_children() -> None:
    """Their lists would be requested twice."""
    names = [*sorted(STREAMS, reverse=True)]
    groups = {
        parent: {stream["name"] for stream in group["streams"]}
        for parent, group in definitions.compose(names)["stream_groups"].items()
    }
    assert groups == {
        "datacenter_members": {"datacenter_members", "datacenter_member_features"},
        "oracle_database_options": {"oracle_database_options", "oracle_database_option_usages"},
        "saas_user_subscriptions": {
            "saas_user_subscriptions",
            "saas_subscription_users",
            "saas_subscription_user_consumptions",
            "saas_subscription_insight_users",
        },
    }
    assert definitions.compose(["datacenter_members", "saas_subscription_users"])["stream_groups"] == {}
    for parent, group in groups.items():
        assert all(definitions.depth(parent) < definitions.depth(name) for name in group - {parent})


def test_what_a_parent_needs_goes_along() -> None:
    """A parent's keys would be read with page parameters that it refuses, or out of the wrong member of the
    reply.
    """
    for name in NAMES:
        (stream,) = definitions.compose([name])["streams"]
        for parent in stream["$parameters"].get("parents", ()):
            if parent["stream"] in STREAMS:
                original = definitions.parameters(parent["stream"])
                for parameter in ("path", "permission", "page_parameters", "items_field"):
                    assert parent["definition"].get(parameter) == original.get(parameter), name


def test_a_stream_without_its_cursor() -> None:
    """A full refresh would still send the cursor's filter, and lack the rows that have no date."""
    (with_cursor,) = definitions.compose(["computers"])["streams"]
    (without,) = definitions.compose(["computers"], {"computers"})["streams"]
    assert "incremental_sync" in with_cursor
    assert "incremental_sync" not in without
    assert not {"cursor_field", "cursor_filter"} & set(without["$parameters"])
    assert "incremental_sync" in definitions.stream_definitions()["computers"]
