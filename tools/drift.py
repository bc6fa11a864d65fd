"""Compare the streams with a folder of the vendor's OpenAPI files and print the differences: `make drift`.

Nothing is printed, and the exit code is 0, if there are none. exclusions.yaml has the endpoints without a
stream and the intended differences, with their reasons; reasons that no longer apply are printed too.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from source_snow_atlas import definitions
from tools.exclusions import Exclusions, IntendedDifference
from tools.openapi import Operation, SpecificationError, normalized, read_folder
from tools.schemas import schema
from tools.shape import Shape, shape_of

PAGE_PARAMETERS = frozenset({"page_number", "page_size"})
PERIOD_PARAMETERS = frozenset({"fromDate", "toDate"})
PERIOD_FIELDS = PERIOD_PARAMETERS | {"isComplete"}
RECORD_KEY = "recordKey"
LINKS = "_links"
NOTHING = "nothing"


@dataclass(frozen=True)
class Stream:
    """The endpoint of a stream, or of a collection that only provides keys, as its definition declares it."""

    name: str
    path: str
    permissions: frozenset[str] = frozenset()
    page_parameters: bool = True
    filterable: bool = False
    items_field: str = "items"
    sent: frozenset[str] = frozenset()
    """Query parameters that are always sent, without those of pages."""
    added: frozenset[str] = frozenset()
    """Fields that are added to its records."""
    shape: Shape | None = None
    """Shape of the records by the stream's schema, or `None` for a collection that only provides keys."""


@dataclass(frozen=True)
class Difference:
    """One difference between a stream and the vendor's files."""

    stream: str
    aspect: str
    field: str = ""
    declared: str = NOTHING
    ours: str = NOTHING
    files: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)

    def __str__(self) -> str:
        what = f"{self.aspect} of {self.field}" if self.field else self.aspect
        source = f" ({', '.join(sorted(self.files))})" if self.files else ""
        declared = f"the vendor's files declare {self.declared}{source}"
        return f"{self.stream}: {what}: {declared}, the stream {self.ours}"

    def is_excused_by(self, meant: IntendedDifference) -> bool:
        """Return whether exclusions.yaml gives a reason for the same declaration in the same place."""
        own = (self.stream, self.aspect, self.field, self.declared)
        return own == (meant.stream, meant.aspect, meant.field, meant.declared)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make drift", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the vendor's OpenAPI files (.json, .yaml, .yml)")
    folder: Path = parser.parse_args(arguments).folder
    try:
        operations = read_folder(folder)
    except SpecificationError as error:
        print(f"drift: {error}", file=sys.stderr)
        return 2
    found = list(drift(operations, list(streams()), Exclusions.load()))
    for line in found:
        print(line)
    return 1 if found else 0


def streams() -> Iterator[Stream]:
    """Yield the streams that read an endpoint, and the collections that provide keys for one."""
    for name, key_collection in definitions.key_collections().items():
        yield _stream(name, key_collection, None)
    for name in definitions.stream_definitions():
        parameters = definitions.parameters(name)
        if "path" in parameters:
            yield _stream(name, parameters, shape_of(schema(name)))


def _stream(name: str, parameters: Mapping[str, Any], shape: Shape | None) -> Stream:
    window = PERIOD_PARAMETERS if "window_format" in parameters else frozenset()
    permission = parameters.get("permission", ())
    return Stream(
        name=name,
        path=parameters["path"],
        permissions=frozenset([permission] if isinstance(permission, str) else permission),
        page_parameters=parameters.get("page_parameters", True),
        filterable=parameters.get("filterable", False),
        items_field=parameters.get("items_field", "items"),
        sent=window,
        added=(PERIOD_FIELDS if window else frozenset())
        | frozenset(re.findall(r"{(\w+)}", parameters["path"]))
        | frozenset(parameters.get("values_from", ()))
        | frozenset({RECORD_KEY} if "record_key" in parameters else ()),
        shape=shape,
    )


def drift(
    operations: Mapping[str, Sequence[Operation]], streams: Sequence[Stream], exclusions: Exclusions
) -> Iterator[str]:
    """Yield one line for each difference."""
    yield from endpoint_lines(operations, streams, exclusions)
    open_reasons = list(exclusions.differences)
    for stream in streams:
        for difference in differences(stream, operations.get(normalized(stream.path), ())):
            meant = [reason for reason in exclusions.differences if difference.is_excused_by(reason)]
            if not meant:
                yield str(difference)
            open_reasons = [reason for reason in open_reasons if reason not in meant]
    for reason in open_reasons:
        yield f"{reason}: this difference of exclusions.yaml no longer exists"


def endpoint_lines(
    operations: Mapping[str, Sequence[Operation]], streams: Sequence[Stream], exclusions: Exclusions
) -> Iterator[str]:
    """Yield the endpoints without a stream or a reason, and those that the vendor does not declare."""
    read = {normalized(stream.path): stream.name for stream in streams}
    shapes = {stream.name: stream.shape for stream in streams if stream.shape is not None}
    excluded = {normalized(endpoint.path): endpoint for endpoint in exclusions.endpoints}
    for path, declared in operations.items():
        if path not in read and path not in excluded:
            files = ", ".join(sorted({operation.file for operation in declared}))
            yield f"{declared[0].path}: GET endpoint without a stream and without a reason ({files})"
    for path, name in read.items():
        if path not in operations:
            yield f"{name}: the vendor's files have no GET endpoint {path}"
    for path, endpoint in excluded.items():
        where = f"{endpoint.path} in exclusions.yaml"
        if path not in operations:
            yield f"{where}: the vendor's files have no such GET endpoint"
            continue
        if path in read:
            yield f"{where}: the stream {read[path]} reads it"
        if endpoint.stream is None:
            continue
        known = shapes.get(endpoint.stream)
        if known is None:
            yield f"{where}: there is no stream {endpoint.stream}"
            continue
        names = dict(known.fields())
        fields = outermost(
            {name for each in operations[path] for name, _ in each.rows("items").fields()} - set(names)
        )
        if lacking := sorted(set(fields) - {LINKS}):
            yield f"{where}: the stream {endpoint.stream} lacks its fields {', '.join(lacking)}"


def differences(stream: Stream, declared: Sequence[Operation]) -> Iterator[Difference]:
    """Yield the differences between a stream and the declarations of its endpoint, each once."""
    found: dict[Difference, set[str]] = {}
    for operation in declared:
        for difference in _operation_differences(stream, operation):
            found.setdefault(difference, set()).add(operation.file)
    for difference, files in found.items():
        yield dataclasses.replace(difference, files=frozenset(files))
    if stream.shape is None or not declared:
        return
    known = {name for each in declared for name, _ in each.rows(stream.items_field).fields()}
    changed = {difference.field for difference in found}
    own = {name: shape for name, shape in stream.shape.fields() if not _inside(name, changed)}
    for name in outermost(set(own) - known - stream.added):
        yield Difference(stream.name, "field", name, NOTHING, str(own[name]))


def _operation_differences(stream: Stream, operation: Operation) -> Iterator[Difference]:
    def compared(aspect: str, declared: Iterable[str], ours: Iterable[str]) -> Iterator[Difference]:
        if set(declared) != set(ours):
            yield Difference(stream.name, aspect, "", _listed(declared), _listed(ours))

    parameters = operation.parameters
    yield from compared("permissions", operation.permissions, stream.permissions)
    yield from compared(
        "page parameters",
        PAGE_PARAMETERS & set(parameters),
        PAGE_PARAMETERS if stream.page_parameters else (),
    )
    required = {name for name, needed in parameters.items() if needed} - PAGE_PARAMETERS
    yield from compared("required parameters", required, stream.sent)
    if stream.shape is None:
        return
    yield from compared("filter", {"filter"} & set(parameters), {"filter"} if stream.filterable else ())
    ours = dict(stream.shape.fields())
    declared = dict(operation.rows(stream.items_field).fields())
    for name in outermost(set(declared) - set(ours)):
        yield Difference(stream.name, "field", name, str(declared[name]), NOTHING)
    for name in declared.keys() & ours.keys():
        if str(declared[name]) != str(ours[name]):
            yield Difference(stream.name, "type", name, str(declared[name]), str(ours[name]))


def outermost(names: Iterable[str]) -> list[str]:
    """Return the field paths that are not inside another one, sorted."""
    known = set(names)
    return sorted(name for name in known if not _inside(name, known))


def _inside(name: str, others: Iterable[str]) -> bool:
    return any(name.startswith((f"{other}.", f"{other}[]")) for other in others if other)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or NOTHING


if __name__ == "__main__":
    sys.exit(main())
