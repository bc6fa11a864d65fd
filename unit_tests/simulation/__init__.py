"""Models that several of tests, soak and benchmarks stand on: a collection that changes, an API that pages
it, servers with limits.

`sandbox/` is the whole API over HTTP. Here is only what a question about reading needs: numbers in the place
of rows, and a clock that is set, so that a thousand reads take seconds. Everything is decided by a seed.
"""
