"""The server, and what every operation of the API has: tokens, paging, filters, limits, faults, changes."""
