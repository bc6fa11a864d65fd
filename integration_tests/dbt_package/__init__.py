"""The dbt package on DuckDB and on PostgreSQL, compared with computations in Python from the sandbox's own
rows.
"""
