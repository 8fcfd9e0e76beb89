"""Fixtures: a Postgres, a person of a tenant in it, a mail server and a receiver of webhooks, all real."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import delete

from contracts.outside import House, MailServer, Receiver
from notehouse_core.settings import Settings
from notehouse_core.store.database import Database
from notehouse_core.store.models import Delivery, Membership, Role, Tenant, User


@pytest.fixture
async def house(database: Database) -> House:
    async with database.session() as session:
        await session.execute(delete(Delivery))  # those of the test before
        slug = f"t-{uuid4().hex[:8]}"
        tenant = Tenant(slug=slug, name=slug.title())
        person = User(username=f"ann-{slug}", email=f"ann@{slug}.example", first_name="Ann", last_name="")
        session.add_all([tenant, person])
        await session.flush()
        role = Role(tenant_id=tenant.id, name="analyst", is_builtin=True)
        session.add(role)
        await session.flush()
        session.add(Membership(tenant_id=tenant.id, user_id=person.id, role_id=role.id))
    return House(tenant, person)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    handler = MailServer(port=_free_port())
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append((dict(self.headers), body))
            status = state.answers.pop(0) if state.answers else 204
            self.send_response(status)
            if status in {301, 302}:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.port = server.server_address[1]
    yield state
    server.shutdown()


@pytest.fixture
def settings(tmp_path: Path, mail_server: MailServer, receiver: Receiver) -> Settings:
    (tmp_path / "mail").mkdir()
    return Settings(
        data=tmp_path,
        smtp_host="127.0.0.1",
        smtp_port=mail_server.port,
        smtp_security="none",
        webhook_key="key-of-tests",
        webhook_hosts=f"127.0.0.1:{receiver.port}",
    )
