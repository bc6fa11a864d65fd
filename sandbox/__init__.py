"""A stand-in for the Snow Atlas API on the loopback host.

It follows the vendor's OpenAPI files and documentation, not the connector. It serves a made-up company that
is determined by a number of computers and a seed. In-process: ``with Sandbox() as sandbox``; as a command:
``python -m sandbox``.
"""

from sandbox.api.churn import Operation, RandomChurn
from sandbox.api.faults import Fault
from sandbox.api.route import Route
from sandbox.api.settings import Settings
from sandbox.runner import Sandbox

__all__ = ["Fault", "Operation", "RandomChurn", "Route", "Sandbox", "Settings"]
