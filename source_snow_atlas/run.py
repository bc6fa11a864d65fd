"""The console entry point `source-snow-atlas`."""

from __future__ import annotations


def run(arguments: list[str] | None = None) -> None:
    """Run a command of the Airbyte protocol and end the process."""
    skip_docstrings_of_protocol_classes()
    from source_snow_atlas import command

    command.run(arguments)


def skip_docstrings_of_protocol_classes() -> None:
    """Save a third of the start-up: importing the CDK falls from 1.2 s to 0.8 s.

    Its serializer (serpyco-rs) reads and parses the source code of every protocol class to find descriptions
    of their attributes, which only JSON schemas of those classes would show, and nothing here makes such
    schemas. It must happen before the CDK is imported.
    """
    try:
        import attributes_doc
    except ImportError:
        return
    attributes_doc.get_attributes_doc = _no_docstrings


def _no_docstrings(cls: type) -> dict[str, str]:
    return {}


if __name__ == "__main__":
    run()
