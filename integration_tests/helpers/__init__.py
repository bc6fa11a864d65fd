"""What the integration tests share: the connector as a process, the rows it must give, the sandbox's own
small API.
"""
