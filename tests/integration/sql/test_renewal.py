"""A token that ended before its time is renewed by the cell that meets it, whatever the cell asks first."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from integration.query_gateway.conftest import House
from notehouse_core.token_renewal import request_file
from notehouse_sql.gateway import QueryGateway


def keep(token_file: Path, token: str, asked_at: int) -> None:
    """Put a good token into the file once somebody asks."""
    deadline = time.monotonic() + 10
    while request_file(token_file).stat().st_mtime_ns == asked_at and time.monotonic() < deadline:
        time.sleep(0.02)
    token_file.write_text(token)


def test_limits_are_asked_again_with_a_new_token(house: House, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(house.admin[:-4] + "AAAA")
    request_file(file).touch()
    keeper = threading.Thread(target=keep, args=(file, house.admin, request_file(file).stat().st_mtime_ns))
    keeper.start()
    try:
        assert "ask_above_rows" in QueryGateway(house.url, file).limits()
    finally:
        keeper.join()
