"""Python for what the manifest can't say, one concern a module."""
