"""Contenders: programs that take the path of a task file."""
