"""Errors, retries, the HTTP transport and masking of secrets, for all other packages."""
