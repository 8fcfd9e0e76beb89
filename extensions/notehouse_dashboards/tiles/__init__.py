"""Tiles that SQL alone answers: made anew for a page's filters without a kernel, and when their tables change."""
