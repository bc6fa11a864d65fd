"""Unit tests, a module per component. No server, no waiting, no network: conftest.py sees to it."""
