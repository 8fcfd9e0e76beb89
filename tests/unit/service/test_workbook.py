"""A workbook holds the rows as they are, and nothing that a spreadsheet would run."""

from __future__ import annotations

import io
import random
import zipfile
from xml.etree import ElementTree

from notehouse_hub.service.workbook import workbook

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _sheet(content: bytes, number: int) -> list[list[tuple[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        root = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
        assert all(ElementTree.fromstring(archive.read(name)) is not None for name in archive.namelist())
    assert not list(root.iter(f"{MAIN}f")), "no cell is a formula"
    return [
        [(cell.get("s", ""), "".join(cell.itertext())) for cell in row] for row in root.iter(f"{MAIN}row")
    ]


def test_rows_arrive_and_formulas_are_texts() -> None:
    rows = [["=1+1", 2.5, None], ["a & <b>\x00", 3, True], ["@cmd|'/c calc'!A1", 2**60, float("nan")]]
    parts = list(workbook(["name", "=n", "c"], rows, [("Receipt", "42")]))
    found = _sheet(b"".join(parts), 1)
    assert found[0] == [("1", "name"), ("1", "=n"), ("1", "c")]
    assert found[1] == [("2", "=1+1"), ("", "2.5"), ("", "")]
    assert found[2] == [("0", "a & <b>\ufffd"), ("", "3"), ("", "1")]
    assert found[3] == [("2", "@cmd|'/c calc'!A1"), ("0", str(2**60)), ("0", "nan")]
    assert _sheet(b"".join(parts), 2)[1] == [("0", "Receipt"), ("0", "42")]


def test_a_large_table_leaves_in_parts() -> None:
    rows = ([random.Random(number).randbytes(24).hex(), number] for number in range(20_000))
    parts = list(workbook(["text", "number"], rows, []))
    assert len(parts) > 2
    assert max(map(len, parts)) < 1_000_000
    assert len(_sheet(b"".join(parts), 1)) == 20_001
