"""One run of a command: what its streams share, its progress, its inputs and its failures."""
