"""Data sources: which types there are, how each is connected, and how its tables are read."""
