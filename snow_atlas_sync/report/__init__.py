"""The page that `make report` writes for an IT asset manager and their CIO.

It is one HTML file without a script and without network requests. `command` syncs, `build` runs dbt,
`sections` query the marts, `charts` draw, and `page` puts all of it together.
"""
