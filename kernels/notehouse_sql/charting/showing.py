"""How Altair's charts are shown: as a specification that JupyterLab draws itself, and as pictures for pages and mails.

Altair's own default is a page that fetches Vega from elsewhere; this house has to work without an internet.
"""

from __future__ import annotations

import base64
from typing import Any

_OWN = {"default", "html"}  # names of Altair's renderer that fetches; any other is somebody's choice
_CHART = ("altair.vegalite.v6.api", "TopLevelMixin")


def show_charts(shell: Any) -> None:
    """Teach a shell to show charts; Altair is not imported for it."""
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type_by_name(*_CHART, _shown)


def _shown(chart: Any, include: Any = None, exclude: Any = None) -> Any:
    import altair

    if altair.renderers.active not in _OWN:
        return chart._repr_mimebundle_(include, exclude)
    return _bundle(chart.to_dict())


def _bundle(specification: dict[str, Any]) -> dict[str, Any]:
    import vl_convert

    png = vl_convert.vegalite_to_png(specification, scale=2.0, allowed_base_urls=[])
    return {
        "application/vnd.vegalite.v6+json": specification,
        "image/svg+xml": vl_convert.vegalite_to_svg(specification, allowed_base_urls=[]),
        "image/png": base64.b64encode(png).decode(),
        "text/plain": "<a chart>",
    }
