"""Read Snow Atlas into a database: the command `snow-atlas-sync`, which comes with the connector.

It runs the connector and loads with dlt, which the extra `sync` brings:
`pip install "airbyte-source-snow-atlas[sync]"`.
"""
