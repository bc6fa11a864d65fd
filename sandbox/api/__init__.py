"""The server, and what all operations share: tokens, paging, filters, limits, faults and changing data."""
