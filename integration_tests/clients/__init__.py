"""Programs that nobody here wrote, put behind the connector: another client, and a destination of Airbyte's.

They run in environments of their own; `make clients` makes these and runs the checks.
"""
