"""Which rows of a table stand on a page? Sorted, searched and cut by the database, whatever the table's size. Pure.

The tile's own statement becomes a subquery; a column is an identifier that the server binds, a searched word a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from notehouse_core.errors import Invalid
from notehouse_core.sql_cells import Question

PAGE_ROWS = 50
WHOLE_ROWS = 1000  # a table of no more comes whole: its reader sorts, searches and turns pages without asking
_LONGEST = 200
_MOST_PAGES = 1_000_000
_FOUND = (
    "WHERE positionCaseInsensitiveUTF8(arrayStringConcat(array(* APPLY(toString)), '\\n'), "
    "{notehouse_search:String}) > 0"
)


@dataclass(frozen=True)
class Shown:
    """What of a tile is asked for; `page` counts from one, zero for the beginning of an untouched table.

    `whole` leaves out the filters that are plain conditions on its columns: a browser picks the rows of any choice.
    """

    sort: str = ""
    descending: bool = False
    search: str = ""
    page: int = 0
    whole: bool = False

    @classmethod
    def of(cls, query: Mapping[str, Sequence[str]]) -> Shown:
        """Read an address: `table.sort`, `table.descending`, `table.search`, `table.page`, `tile.whole`. Raises Invalid."""
        given = {name: values[-1] for name, values in query.items() if values}
        page = given.get("table.page", "")
        if page and not (page.isascii() and page.isdigit() and 0 < int(page[:9]) <= _MOST_PAGES):
            raise Invalid("The pages of a table are numbered from 1.")
        sort, search = given.get("table.sort", ""), given.get("table.search", "").strip()
        if max(len(sort), len(search)) > _LONGEST:
            raise Invalid(f"A table is searched for at most {_LONGEST} characters.")
        if "tile.whole" in given:
            return cls(whole=True)
        touched = bool(sort or search)
        return cls(sort, given.get("table.descending", "") == "1", search, int(page or touched))

    @property
    def offset(self) -> int:
        """The number of rows on the pages before."""
        return max(0, self.page - 1) * PAGE_ROWS

    def rows_of(self, question: Question) -> Question:
        """The question for the rows of this page."""
        order = f"ORDER BY {{notehouse_sort:Identifier}} {'DESC' if self.descending else 'ASC'} NULLS LAST"
        words = [
            _within(question),
            self._found,
            order if self.sort else "",
            f"LIMIT {PAGE_ROWS} OFFSET {self.offset}",
        ]
        sort = {"notehouse_sort": self.sort} if self.sort else {}
        sql = " ".join(filter(None, ["SELECT * FROM", *words]))
        return Question(question.source, sql, {**question.values, **self._values, **sort})

    def size_of(self, question: Question) -> Question:
        """The question how many rows all pages have."""
        sql = " ".join(filter(None, ["SELECT count() FROM", _within(question), self._found]))
        return Question(question.source, sql, {**question.values, **self._values})

    @property
    def _found(self) -> str:
        return _FOUND if self.search else ""

    @property
    def _values(self) -> dict[str, str]:
        return {"notehouse_search": self.search} if self.search else {}


def _within(question: Question) -> str:
    return f"({question.sql}\n)"  # a comment may end the statement's last line
