"""Python for what the manifest can't say, in packages. Imports go one way: stream, run, collection, request,
identity, basics.
"""
