"""Mails: their parts, what an author may bring into one, and where webhooks may go."""

from __future__ import annotations

import base64
import email
import email.policy
import json
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest

from notehouse_core.recipients import parse_recipient
from notehouse_core.settings import Settings
from notehouse_core.store.models import Delivery, Tenant
from notehouse_hub.service.mail_page import page_of
from notehouse_scheduler.mail import Attachment, compose
from notehouse_scheduler.mail_body import body_of
from notehouse_scheduler.raised import findings_of

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="red"/></svg>'


def notebook(*outputs: dict[str, object], markdown: str = "# Hello") -> str:
    cell = nbformat.v4.new_code_cell(
        "secret_code()", outputs=[nbformat.v4.new_output("display_data", one) for one in outputs]
    )
    return str(
        nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(markdown), cell]))
    )


def delivery(**content: object) -> Delivery:
    facts = {
        "template": "report",
        "report": "Weekly",
        "at": "2026-01-01T07:00:00+00:00",
        "owner": "ann@united.example",
    }
    return Delivery(
        idempotency_key="run:1:mail:x",
        kind="mail",
        address="bob@united.example",
        subject="Weekly\r\nBcc: all@x.example",
        content={**facts, **content},
        object="run:1",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        tenant=Tenant(slug="united", name="United"),
    )


def test_a_report_mail_has_html_text_pictures_and_files() -> None:
    body = body_of(notebook({"image/png": base64.b64encode(PIXEL).decode()}, {"image/svg+xml": SVG}))
    mail = compose(
        delivery(), Settings(), body, (Attachment("report.html", "text/html; charset=utf-8", b"<p>"),)
    )
    read = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
    kinds = [part.get_content_type() for part in read.walk()]
    assert kinds.count("image/png") == 2
    assert {"text/plain", "text/html", "multipart/alternative", "multipart/related"} <= set(kinds)
    assert [part.get_filename() for part in read.iter_attachments()] == ["report.html"]
    assert read["Subject"] == "Weekly Bcc: all@x.example"
    assert read["Bcc"] is None
    assert read["List-Unsubscribe"] == "<mailto:ann@united.example?subject=unsubscribe>"
    page = page_of(read)
    assert page.count('src="data:image/png;base64,') == 2
    assert "secret_code" not in page


def test_the_same_delivery_has_the_same_message_id() -> None:
    assert compose(delivery(), Settings())["Message-ID"] == compose(delivery(), Settings())["Message-ID"]


def test_nothing_active_of_an_author_reaches_a_mail() -> None:
    bad = '<script>x()</script><img src="https://evil.example/p"><b onclick="x()">bold</b><a href="javascript:x()">a</a>'
    reaching = SVG.replace("<rect", '<image href="https://evil.example/p"/><rect')
    body = body_of(notebook({"text/html": bad}, {"image/svg+xml": reaching}, markdown=bad))
    for forbidden in ("script", "evil", "onclick", "javascript"):
        assert forbidden not in body.html
    assert "<b>bold</b>" in body.html
    assert not body.pictures


def test_a_notebook_raises_an_alert_by_its_output(tmp_path: Path) -> None:
    raised = {"message": "too late", "value": 31, "rows": [{"n": 1}], "group": "JFK"}
    file = tmp_path / "executed.ipynb"
    file.write_text(notebook({"application/vnd.notehouse.alert+json": raised, "text/plain": "x"}))
    found = findings_of(file, None)["JFK"]
    assert (found.state, found.value, found.rows) == ("firing", 31, ({"n": 1},))
    file.write_text(notebook({"text/plain": "fine"}))
    assert findings_of(file, None)[""].state == "normal"
    assert json.loads(file.read_text())["nbformat"] == 4


@pytest.mark.parametrize(
    ("text", "kind"),
    [("ann@united.example", "mail"), ("united-analyst", "user"), ("https://hooks.example/x?y=1", "webhook")],
)
def test_recipients(text: str, kind: str) -> None:
    assert parse_recipient(text).kind == kind


@pytest.mark.parametrize(
    "text", ["", "a@b@c", "a b", "ftp://x", "https://", "https://u:p@x.example/", "a@b\nBcc: c@d"]
)
def test_what_can_be_no_recipient(text: str) -> None:
    with pytest.raises(Exception, match="cannot be a recipient"):
        parse_recipient(text)
