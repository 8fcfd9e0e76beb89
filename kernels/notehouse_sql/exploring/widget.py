"""`explore`: the widget. What is chosen in it comes as one text; picture, SQL and words go back."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from notehouse_sql import session as sessions
from notehouse_sql.charting.chart import draw
from notehouse_sql.charting.request import AGGREGATES, KINDS
from notehouse_sql.errors import SqlError
from notehouse_sql.exploring import choice, fields
from notehouse_sql.relation import Relation
from notehouse_sql.session import Session

_STATIC = Path(__file__).parent / "static"
_READY = "Choose a field to draw it."


class Explorer(anywidget.AnyWidget):
    """A table's fields, filters and a chart. `code` is the cell that shows the same; `sql` its SELECT."""

    _esm = _STATIC / "explorer.js"
    _css = _STATIC / "explorer.css"
    value = traitlets.Unicode("").tag(sync=True)  # what is chosen: all that a browser may set
    title = traitlets.Unicode("").tag(sync=True)
    fields: Any = traitlets.List().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    code = traitlets.Unicode("").tag(sync=True)
    picture = traitlets.Unicode("").tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)

    def __init__(self, session: Session, of: Relation) -> None:
        self._session, self._of = session, of
        self._columns = fields.columns(session, of)
        self._written = of.title if of.sql.startswith("`") else of.sql
        super().__init__(
            title=of.title,
            fields=fields.fields(session, of, self._columns),
            words={"kinds": list(KINDS), "aggs": list(AGGREGATES), "signs": list(choice.SIGNS)},
            said=_READY,
            code=choice.Choice().cell(self._written),
        )
        self.observe(self._chosen, "value")

    @property
    def sql(self) -> str:
        """The SELECT of what is chosen."""
        return choice.read(self.value, self._columns).select(self._written)

    def _chosen(self, _: Any) -> None:
        """Draw what was chosen; what is wrong with it is said in the widget."""
        try:
            chosen = choice.read(self.value, self._columns)
            code = chosen.cell(self._written)
            picture = self._drawn(chosen)
        except SqlError as error:
            self.said = str(error)
            return
        with self.hold_sync():
            self.code, self.picture, self.said = code, picture, "" if picture else _READY

    def _drawn(self, chosen: choice.Choice) -> str:
        """The chart as the address of a picture: it cannot run anything, wherever it is shown."""
        import vl_convert

        if chosen.request is None:
            return ""
        rows = Relation(self._of.source, f"({chosen.select(self._of.sql)}\n)", self._of.title)
        specification = draw(self._session, rows, chosen.request).to_dict()
        svg = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
        return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def widget(of: Relation, session: Session | None = None) -> Explorer:
    """An explorer of rows. Raises SqlError."""
    return Explorer(session or sessions.current(), of)
