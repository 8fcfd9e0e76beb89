"""Ports in use: another place is found, unless somebody asked for just these."""

from __future__ import annotations

import io
import socket

import pytest

from acceptance.platform import free_port
from notehouse_core.settings import Settings
from notehouse_hub.supervisor.console import Console
from notehouse_hub.supervisor.errors import StartRefusedError
from notehouse_hub.supervisor.preparation import APART, _with_free_ports


def test_ports_move_when_none_were_asked_for() -> None:
    said = io.StringIO()
    console = Console(said)
    base = free_port()
    asked = Settings(port=base)
    left_open = asked.model_copy()
    left_open.model_fields_set.discard("port")
    assert _with_free_ports(left_open, console).port == base
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + 4))
        taken.listen()
        moved = _with_free_ports(left_open, console)
        assert moved.port >= base + APART
        assert moved.base_url.endswith(f":{moved.port}")
        assert f"Notehouse is on {moved.port} this time" in said.getvalue()
        with pytest.raises(StartRefusedError, match=str(base + 4)):
            _with_free_ports(asked, console)
