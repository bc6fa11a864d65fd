"""One collection: its pages side by side, every row once."""
