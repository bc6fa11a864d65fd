"""The page that `make report` writes: what Snow Atlas knows, as an IT asset manager would send it to their
CIO.

One HTML file without a script and without anything from a network. `command` syncs, `marts` lets dbt build,
`sections` ask the marts, `charts` draw, and `page` puts it all together.
"""
