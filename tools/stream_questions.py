"""The questions of the documentation by area, from questions.yaml and from `make sync`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent

import yaml

from snow_atlas_sync.questions import QUESTIONS, Question
from source_snow_atlas import definitions

FILE = Path(__file__).with_name("questions.yaml")


def questions_by_area() -> Mapping[str, Sequence[Question]]:
    """Return the questions of each area; those of `make sync` belong to the area of their last stream."""
    questions: dict[str, list[Question]] = {}
    for printed in QUESTIONS:
        area = definitions.parameters(printed.streams[-1])["area"]
        plain = Question(printed.title, printed.streams, dedent(printed.sql).strip())
        questions.setdefault(area, []).append(plain)
    for area, entries in yaml.safe_load(FILE.read_text(encoding="utf-8")).items():
        for entry in entries:
            question = Question(entry["title"], tuple(entry["streams"]), entry["sql"].strip())
            questions.setdefault(area, []).append(question)
    return questions
