"""Our database for the Hub's pages: they are configured by its address, since an open pool cannot be copied."""

from functools import cache

from notehouse_core.store.database import Database


@cache
def database(url: str) -> Database:
    """Return the one pool of an address."""
    return Database(url)
