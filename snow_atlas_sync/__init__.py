"""Command `snow-atlas-sync`, which reads Snow Atlas into a database.

It needs dlt, which the extra `sync` installs: `pip install "airbyte-source-snow-atlas[sync]"`.
"""
