"""The contenders: one program each, started as a process of its own with the path of a task file."""
