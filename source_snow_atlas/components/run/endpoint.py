"""An endpoint of the API, as a stream's definition describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from source_snow_atlas.components.basics.errors import ReplyTooLarge, plain
from source_snow_atlas.components.basics.paths import fill
from source_snow_atlas.components.basics.transport import MAX_BODY_BYTES
from source_snow_atlas.components.collection.paging import CollectionReader, ignore
from source_snow_atlas.components.collection.prefetch import Prefetch
from source_snow_atlas.components.request.reply import Page, Repairs, parse_page
from source_snow_atlas.components.run.sync import Sync
from source_snow_atlas.definitions import schema_fields

REPAIRED = (
    "a text contains half a character (a lone surrogate), which UTF-8 can't encode. It is replaced by U+FFFD."
)
ROUNDED = "a number has more digits than a double holds. The nearest double is emitted."


@dataclass(frozen=True)
class Endpoint:
    """Path, permission, paging and keys of a collection."""

    sync: Sync
    name: str
    path: str
    permission: Any = None
    page_parameters: bool = True
    items_field: str = "items"
    key: tuple[str, ...] = ()
    """The fields that identify a row of the collection."""
    known_fields: frozenset[str] = frozenset()

    @classmethod
    def of(cls, sync: Sync, parameters: Mapping[str, Any]) -> Endpoint:
        """Return the endpoint that the parameters of a stream, or the definition of a parent, describe."""
        return cls(
            sync,
            name=parameters["name"],
            path=parameters["path"],
            permission=parameters.get("permission"),
            page_parameters=parameters.get("page_parameters", True),
            items_field=parameters.get("items_field", "items"),
            key=tuple(parameters.get("key", ())),
            known_fields=schema_fields(parameters.get("schema", parameters["name"])),
        )

    def filtered(self, *conditions: str) -> dict[str, Any]:
        """Return the query that combines the user's filter of the stream with conditions."""
        filters = [each for each in (self.sync.settings.filters.get(self.name), _joined(conditions)) if each]
        return {"filter": _joined(filters)} if filters else {}

    def reader(
        self,
        partition: Mapping[str, Any],
        query: Mapping[str, Any],
        prefetch: Prefetch,
        on_page: Callable[[Page], None] | None = None,
        on_missing: Callable[[int], None] | None = None,
    ) -> CollectionReader:
        """Return a reader of the collection of one partition.

        Rows that are not served fail it, unless the user accepts them or `on_missing` receives their number.
        """
        path, progress, settings = fill(self.path, partition), self.sync.progress, self.sync.settings
        return CollectionReader(
            label=f"Stream {self.name}" + (f" ({path})" if partition else ""),
            fetch=partial(self.fetch, path, query),
            page_size=settings.page_size,
            key=tuple(name for name in self.key if name not in partition),
            prefetch=prefetch,
            pages_declared=self.page_parameters,
            accepts_missing=on_missing is not None or settings.accepts_missing_rows(self.name),
            on_page=on_page or ignore,
            on_missing=on_missing or (lambda rows: progress.add(self.name, not_served=rows)),
            on_changes=lambda changes: progress.add_changes(self.name, changes),
            warn=lambda kind, message: progress.warn_once(self.name, kind, message),
        )

    def fetch(
        self, path: str, query: Mapping[str, Any], number: int, size: int, numbers: frozenset[int] | None
    ) -> Page | None:
        """Request a page, and warn about values that could not be kept as sent."""
        is_paged = self.page_parameters or number > 1
        try:
            page = self.sync.client.get(
                self.name,
                path,
                {**query, **({"page_number": number, "page_size": size} if is_paged else {})},
                lambda body: parse_page(body, self.items_field, self.known_fields, numbers),
                self.permission,
            )
        except ReplyTooLarge:
            raise self._too_large(path, is_paged) from None
        repairs = page.repairs if page is not None else Repairs()
        for field, what in ((repairs.repaired, REPAIRED), (repairs.rounded, ROUNDED)):
            if field:
                message = f"Stream {self.name}: {what} First seen in {plain(field)} of {path}."
                self.sync.progress.warn_once(self.name, what, message)
        return page

    def _too_large(self, path: str, is_paged: bool) -> ReplyTooLarge:
        advice = "Leave the stream out of the connection, and report it to the connector's maintainers."
        if is_paged:
            advice = "Lower page_size in the configuration."
        return ReplyTooLarge(
            f"Stream {self.name}: the reply to GET {path} is larger than {MAX_BODY_BYTES // 2**20} MiB, "
            f"the most that is read of one. {advice}",
            self.name,
        )


def _joined(filters: Sequence[str]) -> str:
    """Return a filter that is true if all are."""
    return filters[0] if len(filters) == 1 else " -and ".join(f"({each})" for each in filters)
