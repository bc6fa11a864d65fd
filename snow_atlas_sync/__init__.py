"""Read Snow Atlas into a DuckDB file: the command `snow-atlas-sync`, which comes with the connector.

It runs the connector through PyAirbyte, which the extra `sync` brings:
`pip install "airbyte-source-snow-atlas[sync]"`.
"""
