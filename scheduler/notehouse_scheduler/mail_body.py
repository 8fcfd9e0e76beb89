"""A report as the body of a mail: what its cells show, made safe, pictures beside it.

Authors wrote the notebook, so nothing of it reaches a mail but an allow-list of plain elements
(bleach) and pictures. Charts travel as PNG, since mail programs show no SVG.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import dataclass, field
from typing import Any

import bleach
import nbformat
from nbconvert.filters import markdown2html_mistune

from notehouse_core.notebook_cells import is_told_to_author

LARGEST = 400_000  # characters; many mail services cut longer ones
_TAGS = {
    "a", "b", "blockquote", "br", "caption", "code", "em", "h1", "h2", "h3", "h4", "hr", "i", "li", "ol", "p",
    "pre", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    "div",
}  # fmt: skip
_ATTRIBUTES = {"a": ["href", "title"], "td": ["colspan", "rowspan"], "th": ["colspan", "rowspan"]}
_UNSEEN = re.compile(r"<(style|script|title|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_REACHES_OUT = re.compile(r"<image|<use|<style|<script|<!|href\s*=|url\s*\(\s*['\"]?(?!#)", re.IGNORECASE)


@dataclass
class MailBody:
    """HTML, and the pictures that its `cid:` addresses name (PNG or JPEG bytes)."""

    html: str = ""
    pictures: dict[str, tuple[str, bytes]] = field(default_factory=dict)


def body_of(notebook: str) -> MailBody:
    """The body for an executed notebook (nbformat JSON)."""
    body, parts, size = MailBody(), [], 0
    node = nbformat.reads(notebook, as_version=4)  # type: ignore[no-untyped-call]
    for part in (part for cell in node.cells for part in _cell(cell, body)):
        size += len(part)
        if size > LARGEST:
            parts.append("<p><em>The report goes on; open it to see all of it.</em></p>")
            break
        parts.append(part)
    body.html = "\n".join(parts)
    return body


def _cell(cell: Any, body: MailBody) -> list[str]:
    if cell.cell_type == "markdown":
        return [_safe(str(markdown2html_mistune(cell.source)))]
    if cell.cell_type != "code":
        return []
    return [part for output in cell.get("outputs", []) if (part := _output(output, body))]


def _output(output: Any, body: MailBody) -> str:
    if is_told_to_author(output):
        return ""
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>" if output.name == "stdout" else ""
    if output.output_type == "error":
        return f"<pre>{html.escape(output.ename)}: {html.escape(output.evalue)}</pre>"
    data = output.get("data", {})
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            chart = any("vegalite" in name for name in data)  # drawn at twice its size, for sharp screens
            return _picture(kind, base64.b64decode(data[kind]), body, scale=2 if chart else 1)
    if "image/svg+xml" in data and not _REACHES_OUT.search(data["image/svg+xml"]):
        return _picture("image/png", _drawn(data["image/svg+xml"]), body, scale=2)
    if "text/html" in data:
        return _safe(data["text/html"])
    if "text/markdown" in data:
        return _safe(str(markdown2html_mistune(data["text/markdown"])))
    return f"<pre>{html.escape(data['text/plain'])}</pre>" if "text/plain" in data else ""


def _drawn(svg: str) -> bytes:
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=2.0))


def _picture(kind: str, content: bytes, body: MailBody, *, scale: int = 1) -> str:
    name = hashlib.sha256(content).hexdigest()[:24]
    body.pictures[name] = (kind, content)
    wide = f' width="{_width(content) // scale}"' if kind == "image/png" else ""
    return f'<p><img src="cid:{name}" alt="Chart"{wide} style="max-width:100%;height:auto"></p>'


def _width(png: bytes) -> int:
    """The width that a PNG's header says, in pixels."""
    return int.from_bytes(png[16:20], "big")


def _safe(content: str) -> str:
    cleaned = bleach.clean(
        _UNSEEN.sub("", content), _TAGS, _ATTRIBUTES, {"http", "https", "mailto"}, strip=True
    )
    return _styled(str(cleaned))


def _styled(content: str) -> str:
    """Give tables their look on the element itself: mail programs drop style sheets."""
    cell = 'style="padding:4px 10px;border-bottom:1px solid #dedbd1;text-align:left"'
    for name in ("td", "th"):
        content = re.sub(rf"<{name}\b", f"<{name} {cell}", content)
    return content.replace("<table", '<table style="border-collapse:collapse;font-size:14px"')
