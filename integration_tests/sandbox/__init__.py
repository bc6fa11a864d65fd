"""A stand-in for the Snow Atlas API on the loopback host.

It follows the vendor's OpenAPI files and documentation, not the connector, and serves a made-up company that
is determined by a number of computers and a seed. In-process: ``with Sandbox() as sandbox``; on its own:
``python -m integration_tests.sandbox``.
"""

from integration_tests.sandbox.churn import Operation, RandomChurn
from integration_tests.sandbox.faults import Fault
from integration_tests.sandbox.model import Route
from integration_tests.sandbox.runner import Sandbox
from integration_tests.sandbox.settings import Settings

__all__ = ["Fault", "Operation", "RandomChurn", "Route", "Sandbox", "Settings"]
