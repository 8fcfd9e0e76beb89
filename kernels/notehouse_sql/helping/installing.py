"""Teaches a shell and its kernel to answer requests for completion and help inside SQL, whatever front end asks."""

from __future__ import annotations

from types import MethodType
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from notehouse_sql.helping.catalog import Catalog
from notehouse_sql.helping.completion import offers
from notehouse_sql.helping.meaning import as_page, meaning
from notehouse_sql.helping.place import place_of


def install(shell: Any, catalog: Catalog) -> None:
    """Add SQL to what the shell completes, and to what its kernel explains."""

    @context_matcher(identifier="notehouse_sql")  # type: ignore[untyped-decorator]
    def sql_matcher(context: CompletionContext) -> Any:
        lines = context.full_text.split("\n")[: context.cursor_line]
        at = sum(len(line) + 1 for line in lines) + context.cursor_position
        place = place_of(context.full_text, at)
        if place is None:
            return {"completions": []}
        found = offers(catalog, place, shell.user_ns)
        return {
            "completions": [SimpleCompletion(one.text, type=one.kind) for one in found],
            "matched_fragment": place.fragment,
            "suppress": True,
            "ordered": True,
        }

    shell.Completer.custom_matchers.append(sql_matcher)
    if (kernel := getattr(shell, "kernel", None)) is not None:
        kernel.do_inspect = MethodType(_inspecting(catalog, kernel.do_inspect), kernel)


def _inspecting(catalog: Catalog, before: Any) -> Any:
    """What answers an inspect request: SQL's own names, and in everything else what answered before."""

    def do_inspect(
        self: Any, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()
    ) -> Any:
        place = place_of(code, cursor_pos)
        if place is None:
            return before(code, cursor_pos, detail_level, omit_sections)
        text = meaning(catalog, place)
        data = {"text/plain": text, "text/html": as_page(text)} if text else {}
        return {"status": "ok", "found": bool(text), "data": data, "metadata": {}}

    return do_inspect
