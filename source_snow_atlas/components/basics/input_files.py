"""Input files of the commands: JSON in any encoding that an editor or a shell may save."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from source_snow_atlas.components.basics.errors import ConfigurationError


def read_json(path: str, what: str) -> Any:
    """Read the document in a file, in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises ConfigurationError with the line and column of a mistake. `what` describes the file in the message.
    """
    try:
        # json.loads finds the encoding of bytes by itself
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise ConfigurationError(f"The {what} file {path} can't be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except UnicodeDecodeError as error:
        where = f"it is not {error.encoding.upper()} text"
    except (ValueError, RecursionError) as error:
        where = str(error)
    raise ConfigurationError(f"The {what} file {path} is not valid JSON ({where}): correct it.")
