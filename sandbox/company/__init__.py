"""The made-up company: one module an area, named like the file of its streams, with the rows of its tables."""
