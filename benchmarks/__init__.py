"""Benchmarks of the connector against its alternatives."""
