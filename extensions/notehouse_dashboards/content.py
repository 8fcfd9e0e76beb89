"""How are bytes sent? Compressed as the asker takes them, known by their ETag, in part where a part is asked for."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import brotli
from tornado.web import RequestHandler

PLAIN, GZIP, BROTLI = "identity", "gzip", "br"
_KEPT_AS = 9  # of Brotli's eleven levels; the last two take ten times as long for a tenth less
_REFUSED = re.compile(r";\s*q=0(\.0*)?\s*$")
_PART = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Content:
    """A file or page in the encodings that it is kept in; `name` changes with what it holds."""

    kind: str
    name: str
    bodies: Mapping[str, bytes]

    @property
    def plain(self) -> bytes:
        """The bytes as they are."""
        found = self.bodies.get(PLAIN)
        return found if found is not None else brotli.decompress(self.bodies[BROTLI])

    @property
    def size(self) -> int:
        """How many bytes are kept for it."""
        return sum(map(len, self.bodies.values()))

    def best(self, accepted: str) -> tuple[str, bytes]:
        """The smallest that an Accept-Encoding allows, with the name of its encoding."""
        words = {one.split(";")[0].strip() for one in accepted.split(",") if not _REFUSED.search(one)}
        name = next((one for one in (BROTLI, GZIP) if one in words and one in self.bodies), PLAIN)
        return name, self.bodies[name] if name != PLAIN else self.plain

    def having(self, encoding: str, body: bytes) -> Content:
        """The same with one encoding more."""
        return replace(self, bodies={**self.bodies, encoding: body})


class SendsContent(RequestHandler):
    """A request that is answered with a Content."""

    _tag: str | None = None

    def compute_etag(self) -> str | None:
        """What was said of the content; nothing is read to find it."""
        return self._tag

    def send(self, content: Content) -> None:
        """Answer with it, with a part of it, or with that the asker has it already."""
        encoding, body = content.best(self.request.headers.get("Accept-Encoding", ""))
        part = _PART.fullmatch(self.request.headers.get("Range", ""))
        if part and any(part.groups()):
            self._send_part(content.plain, *part.groups())
            return
        self._tag = f'"{content.name}-{encoding}"'
        self._describe(content)
        if encoding != PLAIN:
            self.set_header("Content-Encoding", encoding)
        self.finish(body)

    def _describe(self, content: Content) -> None:
        self.set_header("Content-Type", content.kind)
        self.set_header("Vary", "Accept-Encoding")
        self.set_header("Accept-Ranges", "bytes")

    def _send_part(self, body: bytes, first: str, last: str) -> None:
        """Answer `first` to `last` of the plain bytes; without `first`, so many from the end."""
        size = len(body)
        begin = int(first) if first else max(0, size - int(last))
        end = min(int(last) + 1, size) if first and last else size
        if begin >= end:
            self.set_status(416)
            self.set_header("Content-Range", f"bytes */{size}")
            self.finish()
            return
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        self.finish(body[begin:end])


def packed(page: bytes) -> bytes:
    """Return a page as the artifact store has it."""
    return bytes(brotli.compress(page, quality=_KEPT_AS))


def unpacked(stored: bytes, kind: str, name: str) -> Content:
    """Return a page that the artifact store has, one of an earlier version too, which were stored as they are."""
    is_plain = stored.lstrip()[:9].lower() == b"<!doctype"
    page = stored if is_plain else brotli.decompress(stored)
    return Content(
        kind, name, {BROTLI: packed(page) if is_plain else stored, GZIP: gzip.compress(page, 6, mtime=0)}
    )
