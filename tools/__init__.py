"""Developer tools: set-up of the environment, a sync into DuckDB, docs and drift reports."""
