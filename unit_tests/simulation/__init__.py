"""Models for tests, the soak run and benchmarks: changing collections, paginated APIs and rate limits.

Rows are numbers and time is virtual, so that a thousand reads take seconds. Seeds make all runs reproducible.
The whole API over HTTP is in `sandbox/`.
"""
