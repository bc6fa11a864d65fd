"""An endpoint of the API, as a stream's definition describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from source_snow_atlas.components.basics.errors import plain
from source_snow_atlas.components.basics.paths import fill
from source_snow_atlas.components.collection.pages import Prefetch
from source_snow_atlas.components.collection.paging import CollectionReader
from source_snow_atlas.components.request.reply import Page, parse_page
from source_snow_atlas.components.run.progress import Progress
from source_snow_atlas.components.run.sync import Sync


@dataclass(frozen=True)
class Endpoint:
    """Path, permission, paging and keys of a collection."""

    name: str
    path: str
    permission: Any = None
    page_parameters: bool = True
    items_field: str = "items"
    key: tuple[str, ...] = ()
    """The fields that identify a row of the collection."""
    known_fields: frozenset[str] = frozenset()

    def reader(
        self,
        sync: Sync,
        partition: Mapping[str, Any],
        query: Mapping[str, Any],
        prefetch: Prefetch,
        on_page: Callable[[Page], None] | None = None,
        on_missing: Callable[[int], None] | None = None,
    ) -> CollectionReader:
        """Return a reader of the collection of one partition."""
        path = fill(self.path, partition)

        def fetch(number: int, size: int, numbers: frozenset[int] | None) -> Page | None:
            paged = self.page_parameters or number > 1
            pages = {"page_number": number, "page_size": size} if paged else {}
            page = sync.client.get(
                self.name,
                path,
                {**query, **pages},
                lambda body: parse_page(body, self.items_field, self.known_fields, numbers),
                self.permission,
            )
            if page is not None:
                self._warn_about_repairs(sync.progress, page, path)
            return page

        own_key = tuple(name for name in self.key if name not in partition)
        return CollectionReader(
            label=f"Stream {self.name}" + (f" ({path})" if partition else ""),
            fetch=fetch,
            page_size=sync.settings.page_size,
            key=own_key,
            prefetch=prefetch,
            pages_declared=self.page_parameters,
            accepts_missing=sync.settings.accepts_missing_rows(self.name),
            on_page=on_page or (lambda page: None),
            on_missing=on_missing or (lambda rows: sync.progress.add(self.name, not_served=rows)),
            on_changes=lambda changes: sync.progress.add_changes(self.name, changes),
            warn=lambda kind, message: sync.progress.warn_once(self.name, kind, message),
        )

    def _warn_about_repairs(self, progress: Progress, page: Page, path: str) -> None:
        """Warn about values of a page that could not be kept as sent."""
        if page.repairs.repaired:
            progress.warn_once(
                self.name,
                "lone surrogate",
                f"Stream {self.name}: a text contains half a character (a lone surrogate), which UTF-8 can't "
                f"encode. It is replaced by U+FFFD. First seen in {plain(page.repairs.repaired)} of {path}.",
            )
        if page.repairs.rounded:
            progress.warn_once(
                self.name,
                "rounded number",
                f"Stream {self.name}: a number has more digits than a double holds. The nearest double is "
                f"emitted. First seen in {plain(page.repairs.rounded)} of {path}.",
            )
