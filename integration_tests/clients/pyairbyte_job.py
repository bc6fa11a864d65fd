"""Reads streams with PyAirbyte into a DuckDB file, in its own environment; prints the keys in its tables."""

import json
import os
import sys

start = json.load(sys.stdin)
os.environ.update({"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1", "AIRBYTE_CACHE_ROOT": start["folder"]})
os.chdir(start["folder"])

import airbyte as ab  # noqa: E402
from airbyte.caches import DuckDBCache  # noqa: E402

source = ab.get_source(
    "source-snow-atlas",
    local_executable=start["executable"],
    config=start["config"],
    streams=start["streams"],
)
cache = DuckDBCache(db_path=f"{start['folder']}/snow_atlas.duckdb", schema_name="main")
source.read(cache=cache, write_strategy="replace", force_full_refresh=True)
keys = {}
for stream in start["streams"]:
    keys[stream] = [str(row["id"]) for row in cache.run_sql_query(f"SELECT id FROM {stream}")]
print("\n" + json.dumps(keys))
