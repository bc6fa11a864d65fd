"""Command `snow-atlas-sync`, which reads Snow Atlas into a database.

It needs dlt, which the extra `sync` of the package installs.
"""

import os

# Set before dlt is imported: no telemetry, and no log, as the command reports errors itself.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")
