"""`%%expect`: what must hold, a rule a line."""

from __future__ import annotations

import shlex

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.display import display

from notehouse_sql.arguments import DEFAULT_SOURCE
from notehouse_sql.errors import SqlError
from notehouse_sql.expecting.checking import checked, failure
from notehouse_sql.expecting.rules import rules_of
from notehouse_sql.expecting.showing import bundle
from notehouse_sql.relation import Relation, relation
from notehouse_sql.session import Session

_HELP = "%%expect [TABLE or saved query] [--source NAME]"


@magics_class
class ExpectMagics(Magics):
    """Expectations."""

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        super().__init__(shell)
        self._session = session

    @cell_magic
    def expect(self, line: str, cell: str) -> None:
        """Check rules: rows > 0, no nulls in x, unique x, freshness(t) < 1 day, a condition, or a SELECT of no row."""
        of = self._of(line)
        outcomes = checked(self._session, of, rules_of(cell, of.sql))
        display(bundle(of.title, outcomes), raw=True)  # type: ignore[no-untyped-call]
        if failed := failure(of, outcomes):
            raise failed

    def _of(self, line: str) -> Relation:
        words = shlex.split(line)
        source = DEFAULT_SOURCE
        if "--source" in words:
            place = words.index("--source")
            source = (words[place + 1 : place + 2] or [DEFAULT_SOURCE])[0]
            del words[place : place + 2]
        if len(words) > 1:
            raise SqlError(f"This line cannot be read. It is written: {_HELP}")
        if not words:
            return Relation(source, "", "")
        kept = self._session.variables.get(words[0])
        return relation(kept if hasattr(kept, "as_relation") else words[0], source)
