"""Snapshots: a published notebook executed once for each access class, and its page made once from that."""
