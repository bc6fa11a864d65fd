"""All questions of the documentation by area: those of questions.yaml, and those that `make sync` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent

import yaml

from snow_atlas_sync.questions import QUESTIONS, Question
from source_snow_atlas import definitions

FILE = Path(__file__).with_name("questions.yaml")


def questions_by_area() -> Mapping[str, Sequence[Question]]:
    """The questions of every area that has some; one that `make sync` prints belongs to the area of its last
    stream.
    """
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
