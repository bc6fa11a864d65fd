"""Python for what the manifest can't say, in rooms. Imports go one way: stream, run, collection, request,
identity, basics.
"""
