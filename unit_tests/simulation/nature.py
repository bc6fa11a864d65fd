"""Nature of a drawn server: a combination of its counts, missing rows, refusals, replies after the end, page
sizes, keys, order and changes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from typing import Any

CLAIMS = (
    *("right", "absent", "stale", "one request old", "3 high", "3 low", "half", "double", "zero"),
    *("of the page", "huge", "text", "null", "negative", "flickering", "on page 1", "after page 1"),
)
ALLOWED_SIZES = (5, 16, 25, 50, 100)
CHOICES: dict[str, tuple[Any, ...]] = {
    "rows": (0, 1, 7, 15, 16, 17, 20, 31, 32, 33, 40, 45, 60, 64, 100, 137, 200),
    "page_size": (20, 1, 2, 3, 7, 10, 16, 17, 25, 32, 50, 60, 100, 120),
    "room": (0, 1, 3, 6),
    "seed": tuple(range(64)),
    "items": CLAIMS,
    "pages": CLAIMS,
    "links": ("none", "right", "never end"),
    "names_page": ("yes", "no", "from zero"),
    "names_size": ("yes", "no", "as asked", "rows"),
    "shape": ("envelope", "envelope", "envelope", "array"),
    "parameters": ("declared", "undeclared", "ignored", "refused"),
    "default_size": (100, 25, 10, 20, 50),
    "sizes": (
        *("as asked", "clamped", "fixed", "rounded down", "in tens", "allowed or default", "allowed or 400"),
    ),
    "clamp": (100, 5, 16, 18, 20, 33),
    "keys": (
        *("unique", "none", "none and equal", "null", "null and equal", "shared", "shared and equal"),
        *("edited", "of two fields", "none in threes", "volatile", "of several types"),
    ),
    "held_back": ("nothing", "rows", "rows without a gap", "a page", "all after"),
    "held_rows": (1, 2, 5, 20),
    "held_at": tuple(range(0, 200, 7)),
    "refused": ("nothing", "once", "always", "at random"),
    "refusal": (
        *("404", "400", "410", "416", "204", "empty", "array", "object"),
        *("page before", "page 1", "partial"),
    ),
    "refused_page": (2, 1, 3, 4, 6),
    "after_end": (
        "empty",
        "404",
        "400",
        "416",
        "204",
        "last page",
        "last page by its number",
        "page 1",
        "null",
    ),
    "begins": ("in place", "one early", "one late"),
    "drops": ("nothing", "the last row of a page", "a row at random", "a row of full pages"),
    "follows": ("page number", "size only", "nothing"),
    "replicas": (1, 2),
    "order": ("holds", "changes once", "changes always", "ties"),
    "changes": (
        *("none", "one", "deletes at once", "inserts at once", "pairs at once", "some", "many"),
        *("inserts", "deletes", "moves"),
    ),
    "change_at": (2, 1, 3, 4, 5, 7, 9),
    "accepts": (False, True),
}
"""Values of each property. The first one is the simplest."""
USUAL = {
    "items": 0.4,
    "pages": 0.4,
    "links": 0.5,
    "names_page": 0.6,
    "names_size": 0.6,
    "parameters": 0.8,
    "sizes": 0.6,
    "held_back": 0.6,
    "refused": 0.6,
    "order": 0.85,
    "begins": 0.95,
    "drops": 0.95,
    "follows": 0.97,
    "replicas": 0.85,
    "changes": 0.3,
    "keys": 0.4,
    "accepts": 0.5,
}
"""Probability of the simplest value, for properties whose values are not drawn with equal probability."""


@dataclass(frozen=True)
class Nature:
    """Properties of a drawn server."""

    rows: int = 100
    page_size: int = 20
    room: int = 3
    seed: int = 0
    items: str = "right"
    pages: str = "right"
    links: str = "none"
    names_page: str = "yes"
    names_size: str = "yes"
    shape: str = "envelope"
    parameters: str = "declared"
    default_size: int = 100
    sizes: str = "as asked"
    clamp: int = 100
    keys: str = "unique"
    held_back: str = "nothing"
    held_rows: int = 1
    held_at: int = 0
    refused: str = "nothing"
    refusal: str = "404"
    refused_page: int = 2
    after_end: str = "empty"
    begins: str = "in place"
    drops: str = "nothing"
    follows: str = "page number"
    replicas: int = 1
    order: str = "holds"
    changes: str = "none"
    change_at: int = 2
    accepts: bool = False

    @classmethod
    def drawn(cls, chance: random.Random) -> Nature:
        """Draw a nature."""
        values = {}
        for one in fields(cls):
            choices = CHOICES[one.name]
            usual = USUAL.get(one.name)
            is_usual = usual is not None and chance.random() < usual
            values[one.name] = choices[0] if is_usual else chance.choice(choices)
        return cls(**values)

    def __str__(self) -> str:
        """Return the properties that differ from the simplest nature."""
        simplest = Nature()
        differences = [
            f"{one.name}={getattr(self, one.name)!r}"
            for one in fields(self)
            if getattr(self, one.name) != getattr(simplest, one.name)
        ]
        return f"Nature({', '.join(differences)})"

    @property
    def key(self) -> tuple[str, ...]:
        """Return the primary key for the reader."""
        if self.keys.startswith("none"):
            return ()
        return ("id", "part") if self.keys == "of two fields" else ("id",)

    @property
    def has_equal_rows(self) -> bool:
        """Return whether rows may be equal in all of their values."""
        return self.keys.endswith(("equal", "in threes"))

    @property
    def counts_rows(self) -> bool:
        """Return whether replies contain the number of all rows, including those held back."""
        return self.items == "right" and self.shape == "envelope"

    @property
    def counts_anything(self) -> bool:
        """Return whether replies contain a right number of rows or pages, or right links."""
        right = ("right", "one request old")
        return self.shape == "envelope" and (
            self.items in right or self.pages in right or self.links == "right"
        )

    @property
    def counts_nothing(self) -> bool:
        """Return whether replies lack all information by which the end differs from a page not served."""
        return not self.counts_anything or (self.items, self.pages, self.links) == (
            "absent",
            "absent",
            "none",
        )

    @property
    def is_honest(self) -> bool:
        """Return whether the server behaves correctly, so that a reader must not fail."""
        return (
            self.items in ("right", "one request old", *(("absent", "null") if self.is_whole else ()))
            and self.pages in ("right", "absent", "null", "text")
            and self.links != "never end"
            and self.names_size in ("yes", "no")
            and self.shape == "envelope"
            and self.sizes in ("as asked", "clamped")
            and self.held_back == "nothing"
            and (self.refused == "nothing" or (self.refused == "once" and self.refused_page > 1))
            and self.order == "holds"
            and self.after_end != "null"
            and (self.begins, self.drops, self.follows) == ("in place", "nothing", "page number")
            and not (
                self.keys == "volatile"
                # a page that comes again with new values is another page
                and (self.size < 16 or self.refused != "nothing" or "page" in self.after_end)
            )
            and not (self.has_equal_rows and (self.size < 32 or self.parameters == "undeclared"))
            and not (self.after_end.startswith("last") and self.size < 16)
        )

    @property
    def size(self) -> int:
        """Return the number of rows in a page, unless the server has sizes of its own."""
        return self.first_size if self.sizes == "clamped" else self._first_asked

    @property
    def first_size(self) -> int:
        """Return the number of rows in the first page."""
        return self.size_of(self._first_asked)

    @property
    def _first_asked(self) -> int:
        return self.page_size if self.parameters == "declared" else self.default_size

    def refuses(self, asked: int) -> bool:
        """Return whether the server refuses a page size."""
        return self.sizes == "allowed or 400" and not self._allows(asked)

    def size_of(self, asked: int) -> int:
        """Return the page size of the server for the size in a request."""
        if self.sizes == "clamped":
            return min(asked, self.clamp)
        if self.sizes == "fixed":
            return self.clamp
        if self.sizes == "in tens":
            return max(10, asked // 10 * 10)
        if self.sizes.startswith("allowed"):
            return asked if self._allows(asked) else self.clamp
        if self.sizes == "rounded down":
            return max((size for size in ALLOWED_SIZES if size <= asked), default=ALLOWED_SIZES[0])
        return asked

    def _allows(self, asked: int) -> bool:
        return asked in (*ALLOWED_SIZES, self.page_size)

    @property
    def is_whole(self) -> bool:
        """Return whether each reply has all rows."""
        return self.parameters in ("ignored", "refused")

    @property
    def begins_with_another_shape(self) -> bool:
        """Return whether the first page may have the wrong shape. The reader could not know if no other
        page follows.
        """
        is_refused = self.refused == "at random" or (self.refused != "nothing" and self.refused_page == 1)
        return is_refused and self.refusal in ("object", "array")

    @property
    def is_exact(self) -> bool:
        """Return whether the rows that are counted but not served can be counted exactly."""
        return (
            self.is_still
            and self.refused == "nothing"
            and (self.begins, self.drops, self.follows) == ("in place", "nothing", "page number")
            and self.pages == "right"
            and not self.has_equal_rows
            # another row with the same key looks like one that was edited
            and self.keys not in ("shared", "of several types")
            and not self.after_end.startswith("last")
            and (self.sizes == "as asked" or self.names_size == "yes")
        )

    @property
    def is_steady(self) -> bool:
        """Return whether changes are few and pages large enough to overlap."""
        return (
            self.changes in ("none", "one", "some")
            and self.keys == "unique"
            and self.size >= 16
            and self.replicas == 1
        )

    @property
    def is_still(self) -> bool:
        """Return whether nothing changes while it is read."""
        return self.changes == "none" and self.keys != "edited"
