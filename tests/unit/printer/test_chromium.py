"""What an author's page cannot do while it is printed: run, read this machine, reach anyone."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

import pytest

from notehouse_core.errors import Unavailable
from notehouse_hub.printer import chromium, screenshot


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def listener(asked: list[str]) -> str:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


async def test_a_page_is_printed_and_fetches_nothing(listener: str, asked: list[str], tmp_path: Path) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    tries = [
        f"<img src='{listener}/img'>",
        f"<iframe src='{listener}/frame'></iframe>",
        f"<link rel=stylesheet href='{listener}/css'>",
        f"<script>fetch('{listener}/fetch'); document.title='ran'</script>",
        f"<meta http-equiv=refresh content='0;url={listener}/refresh'>",
        f"<object data='{secret.as_uri()}'></object><iframe src='{secret.as_uri()}'></iframe>",
        f"<form action='{listener}/form'><input autofocus onfocus='this.form.submit()'></form>",
    ]
    pdf = await chromium.pdf_of("<h1>Report</h1>" + "".join(tries))
    assert pdf.startswith(b"%PDF-")
    assert b"(ran)" not in pdf
    png = await screenshot.png_of("<h1>Report</h1>" + "".join(tries[:4] + tries[5:]))
    assert png.startswith(b"\x89PNG")
    assert asked == []


async def test_a_picture_is_as_long_as_its_page() -> None:
    png = await screenshot.png_of("<style>body{margin:0}</style><div style='height:2345px'></div>")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (1280, 2345)


async def test_a_thumbnail_is_small_and_shows_the_top() -> None:
    webp = await screenshot.thumbnail_of("<style>body{margin:0}</style><div style='height:2345px'></div>")
    assert (webp[:4], webp[8:12]) == (b"RIFF", b"WEBP")
    assert len(webp) < 5_000


async def test_without_a_browser_the_way_to_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable, match="apt install chromium-headless-shell"):
        await chromium.pdf_of("<p>x</p>")
