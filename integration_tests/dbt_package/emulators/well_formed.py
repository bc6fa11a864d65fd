"""Parse SQL files in a dialect with sqlfluff, and print a line for each file that is not well-formed.

python well_formed.py DIALECT FOLDER
"""

import sys
from pathlib import Path

from sqlfluff.core import FluffConfig, Linter


def main(dialect: str, folder: str) -> None:
    options = {"dialect": dialect, "templater": "raw", "large_file_skip_byte_limit": 0}
    linter = Linter(config=FluffConfig(overrides=options))
    for file in sorted(Path(folder).rglob("*.sql")):
        for violation in linter.parse_string(file.read_text(encoding="utf-8")).violations[:1]:
            print(f"{file.name}: {violation}")


if __name__ == "__main__":
    main(*sys.argv[1:])
