"""Whose accounts does the demo have?"""

DEMO_ACCOUNTS = ("admin", "united-analyst", "united-viewer", "delta-analyst")
