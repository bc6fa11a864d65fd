"""Command `snow-atlas-sync`, which reads Snow Atlas into a database.

It needs dlt, which the extra `sync` of the package installs.
"""
