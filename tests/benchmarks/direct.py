"""The driver alone: clickhouse-connect straight to an address, with headers of one's own. For our kernel and for peers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import urllib3


class Pool(urllib3.PoolManager):
    """Connections whose every request carries some headers more."""

    def __init__(self, more: dict[str, str]) -> None:
        super().__init__()
        self._more = more

    def request(self, *args: Any, **options: Any) -> Any:
        options["headers"] = {**(options.get("headers") or {}), **self._more}
        return super().request(*args, **options)


def arrow_client(url: str, headers: dict[str, str]) -> Callable[[str], Any]:
    """Return a function that runs a statement and answers an Arrow table."""
    address = urlsplit(url)
    client = clickhouse_connect.get_client(
        host=address.hostname, port=address.port, proxy_path=address.path.strip("/"), pool_mgr=Pool(headers),
        autogenerate_session_id=False, compress=False,
    )  # fmt: skip
    return client.query_arrow
