"""One run of a command: shared state, validation of inputs, progress and failures."""
