"""The rows of a dashboard's table as CSV or XLSX, with the rights of who asks, safe to open in a spreadsheet."""

import csv
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import nbformat

from notehouse_core import errors
from notehouse_core.notebook_cells import id_of
from notehouse_core.sql_cells import question_of
from notehouse_core.store.viewing import View
from notehouse_core.tokens import QUERY, VIEW, Claims
from notehouse_core.warehouse import Answer, Statement
from notehouse_hub.service.resources import Resources
from notehouse_hub.service.workbook import FORMULA

MOST_ROWS = 100_000
_SECONDS = 300
_PART = 256 * 1024


async def table_rows(
    view: View, notebook: bytes, tile: str, username: str, resources: Resources
) -> tuple[list[str], list[list[Any]]]:
    """Return a tile's columns and rows. Raises NotFound, Invalid, TooLarge or what the query gateway says."""
    question = question_of(_source_of(notebook, tile), view.parameters)
    statement = Statement(question.source, question.sql, question.values, MOST_ROWS)
    answer = await resources.warehouse.run(statement, "json", _token(view, username, resources))
    return checked(answer)


def _source_of(notebook: bytes, tile: str) -> str:
    node = nbformat.reads(notebook.decode(), as_version=4)  # type: ignore[no-untyped-call]
    for number, cell in enumerate(node.cells, start=1):
        if cell.cell_type == "code" and id_of(cell, number) == tile:
            return str(cell.source)
    raise errors.NotFound("This dashboard has no such tile.")


def _token(view: View, username: str, resources: Resources) -> str:
    """A token of the viewer's own class, for this dashboard, as long as the query."""
    claims = Claims(
        subject=username,
        tenant=view.dashboard.tenant.slug,
        access_class=view.access_class,
        purpose=VIEW,
        audience=(QUERY,),
        object=f"dashboard:{view.dashboard.id}",
        expires_at=int(time.time()) + _SECONDS,
    )
    return resources.signer.sign(claims)


def checked(answer: Answer) -> tuple[list[str], list[list[Any]]]:
    """Return the columns and rows of a JSON answer. Raises TooLarge rather than leave rows out."""
    table = answer.table()
    if len(table["data"]) > MOST_ROWS:
        raise errors.TooLarge(f"This table has more than {MOST_ROWS:,} rows. Ask for fewer in its SQL.")
    return [column["name"] for column in table["meta"]], table["data"]


def csv_of(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Yield a table as CSV (UTF-8), a few thousand lines at a time; formulas are defused."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([defused(name) for name in head])
    for row in rows:
        lines.writerow([defused(value) for value in row])
        if text.tell() > _PART:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def defused(value: Any) -> Any:
    """A text that would be a formula, as the text it is."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return value if _is_number(value) else f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
