"""Reader of one collection: pages in flight, overlaps, the end and missing rows."""
