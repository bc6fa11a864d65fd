"""Helpers of the unit tests."""
