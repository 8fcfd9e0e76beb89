"""A table as an XLSX workbook (ECMA-376), written part by part. Texts stay texts: no cell of it can be a formula."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run
_LONGEST = 32_767  # characters of a cell
_EXACT = 2**53  # whole numbers beyond are not kept by a spreadsheet
_PART = 256 * 1024
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD, _TEXT, _QUOTED = 1, 0, 2  # places in the styles below

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "/xl/workbook.xml": "sheet.main",
    "/xl/styles.xml": "styles",
    "/xl/worksheets/sheet1.xml": "worksheet",
    "/xl/worksheets/sheet2.xml": "worksheet",
}
_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    + "".join(
        f'<Override PartName="{name}" ContentType="{_SPREADSHEET}.{kind}+xml"/>'
        for name, kind in _PARTS.items()
    )
    + "</Types>"
)
_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_BOOK = (
    f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="Data" sheetId="1" r:id="rId1"/>'
    '<sheet name="About" sheetId="2" r:id="rId2"/></sheets></workbook>'
)
_BOOK_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/worksheet" Target="worksheets/sheet2.xml"/>'
    f'<Relationship Id="rId3" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
# The third style marks a text that looks like a formula as quoted, so that it stays a text when somebody edits it.
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf xfId="0"/>'
    '<xf xfId="0" fontId="1" applyFont="1"/><xf xfId="0" quotePrefix="1"/></cellXfs></styleSheet>'
)


def workbook(
    head: Sequence[str], rows: Iterable[Sequence[Any]], about: Iterable[tuple[str, str]]
) -> Iterator[bytes]:
    """Yield the parts of a workbook with the rows on its first sheet and `about` on its second."""
    target = _Parts()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELATIONS),
            ("xl/workbook.xml", _BOOK),
            ("xl/_rels/workbook.xml.rels", _BOOK_RELATIONS),
            ("xl/styles.xml", _STYLES),
        ):
            archive.writestr(name, content)
        yield from _sheet(archive, target, "xl/worksheets/sheet1.xml", head, rows)
        yield from _sheet(archive, target, "xl/worksheets/sheet2.xml", ("About", ""), about)
    yield target.taken()


class _Parts(io.RawIOBase):
    """Where the archive is written to: nothing is kept but what was not taken yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        """Say that it takes bytes."""
        return True

    def write(self, content: Any) -> int:
        """Take bytes."""
        self._waiting += content
        return len(content)

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return len(self._waiting)

    def taken(self) -> bytes:
        """Hand over what waits."""
        content = bytes(self._waiting)
        self._waiting.clear()
        return content


def _sheet(
    archive: zipfile.ZipFile, target: _Parts, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[bytes]:
    with archive.open(name, "w", force_zip64=True) as sheet:
        pane = '<pane ySplit="1" topLeftCell="A2" state="frozen"/>'
        view = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}">{view}<sheetData>'.encode())
        sheet.write(_row([_string(one, _HEAD) for one in head]))
        for row in rows:
            sheet.write(_row([_cell(value) for value in row]))
            if target.size > _PART:
                yield target.taken()
        sheet.write(b"</sheetData></worksheet>")


def _row(cells: Iterable[str]) -> bytes:
    return f"<row>{''.join(cells)}</row>".encode()


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int) and abs(value) <= _EXACT:
        return f"<c><v>{value}</v></c>"
    if isinstance(value, float) and math.isfinite(value):
        return f"<c><v>{value!r}</v></c>"
    text = str(value)
    return _string(text, _QUOTED if text.startswith(FORMULA) else _TEXT)


def _string(text: str, style: int) -> str:
    shown = escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST])
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{shown}</t></is></c>'
