"""A stand-in for the Snow Atlas API on the loopback host.

It follows the vendor's OpenAPI files and documentation, not the connector, and serves a made-up company that
is determined by a number of computers and a seed. In-process: ``with Sandbox() as sandbox``; on its own:
``python -m sandbox``.
"""

from sandbox.churn import Operation, RandomChurn
from sandbox.faults import Fault
from sandbox.model import Route
from sandbox.runner import Sandbox
from sandbox.settings import Settings

__all__ = ["Fault", "Operation", "RandomChurn", "Route", "Sandbox", "Settings"]
