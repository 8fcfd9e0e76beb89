"""Content is sent as its asker takes it: compressed, in part, or not again."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application

from notehouse_dashboards import bundles
from notehouse_dashboards.assets import OWN, Assets
from notehouse_dashboards.content import BROTLI, GZIP, PLAIN, Content, SendsContent, packed, unpacked

PAGE = b"<!doctype html><p>" + b"0123456789" * 200
CONTENT = unpacked(packed(PAGE), "text/html", "abc")


class _Page(SendsContent):
    def get(self) -> None:
        self.send(CONTENT)


class TestSending(AsyncHTTPTestCase):
    def get_app(self) -> Application:
        return Application([("/", _Page)])

    def _ask(self, **headers: str) -> tuple[int, dict[str, str], bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.fetch("/", headers=named, decompress_response=False)
        return answer.code, dict(answer.headers), answer.body

    def test_the_smallest_that_is_accepted(self) -> None:
        for accepted, encoding, read in (
            ("gzip, deflate, br, zstd", BROTLI, brotli.decompress),
            ("gzip, br;q=0", GZIP, gzip.decompress),
            ("deflate", None, bytes),
        ):
            status, headers, body = self._ask(Accept_Encoding=accepted)
            assert (status, headers.get("Content-Encoding"), read(body)) == (200, encoding, PAGE)
            assert headers["Vary"] == "Accept-Encoding"

    def test_what_the_asker_has_is_not_sent_again(self) -> None:
        tag = self._ask(Accept_Encoding="br")[1]["Etag"]
        status, _, body = self._ask(Accept_Encoding="br", If_None_Match=tag)
        assert (status, body) == (304, b"")
        assert self._ask(Accept_Encoding="gzip", If_None_Match=tag)[0] == 200

    def test_parts_are_of_the_plain_bytes(self) -> None:
        size = len(PAGE)
        for part, found, about in (
            ("bytes=0-14", PAGE[:15], f"bytes 0-14/{size}"),
            ("bytes=2010-", PAGE[2010:], f"bytes 2010-{size - 1}/{size}"),
            ("bytes=-5", PAGE[-5:], f"bytes {size - 5}-{size - 1}/{size}"),
        ):
            status, headers, body = self._ask(Range=part, Accept_Encoding="br")
            assert (status, body, headers["Content-Range"]) == (206, found, about)
        assert self._ask(Range=f"bytes={size}-")[0] == 416
        assert self._ask(Range="pages=1-2")[0] == 200


def test_pages_that_were_stored_as_they_are_can_still_be_sent() -> None:
    assert unpacked(b"\n" + PAGE, "text/html", "abc").plain == b"\n" + PAGE


@pytest.fixture
def assets(tmp_path: Path) -> Iterator[Assets]:
    made = Assets("/services/dashboards/", tmp_path)
    yield made
    made.close()


def test_a_file_is_dense_once_somebody_has_asked_for_it(assets: Assets, tmp_path: Path) -> None:
    path = "own/frame/frame.css"
    first = assets.get(path)
    assert first
    assert first.bodies.keys() == {PLAIN, GZIP}
    assets.close()  # all that was ordered is made
    dense = assets.get(path)
    assert dense
    encoding, body = dense.best("gzip, br")
    assert (encoding, brotli.decompress(body)) == (BROTLI, first.plain)
    again = Assets("/services/dashboards/", tmp_path).get(path)
    assert again
    assert again.bodies[BROTLI] == body


def test_what_is_compressed_already_is_not_once_more(assets: Assets) -> None:
    icons = assets.get("icons/webfonts/fa-solid-900.woff2")
    assert icons is None or icons.bodies.keys() == {PLAIN}


def test_names_change_with_the_content() -> None:
    assert Content("text/plain", "a", {PLAIN: b"1"}).best("br") == (PLAIN, b"1")


def test_a_page_asks_for_its_scripts_and_style_sheets_once(assets: Assets) -> None:
    own = {file.stem for file in (OWN / "frame").glob("*.js")} - {"no_formulas"}
    script = assets.get(bundles.FRAME_SCRIPT)
    assert script
    text = script.plain.decode()
    made = re.findall(r"^const _(\w+) = ", text, re.MULTILINE)
    assert (sorted(made), made[-1]) == (sorted(own), "frame")
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)
    places = {name: text.index(f"const _{name} = ") for name in made}
    assert all(places[name] < at for name in made for at in _uses(text, name))
    style = assets.get(bundles.FRAME_STYLE)
    assert style
    assert style.plain.endswith((OWN / "frame/frame.css").read_bytes())


def _uses(text: str, name: str) -> list[int]:
    return [found.start() for found in re.finditer(rf"= _{name};", text)]
