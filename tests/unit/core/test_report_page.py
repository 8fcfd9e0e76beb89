"""A page of an executed notebook needs nothing but itself."""

from __future__ import annotations

import re

import nbformat

from notehouse_core.report_page import STATES, WIDGET, page_of
from notehouse_scheduler.mail_body import body_of


def test_widgets_leave_what_they_show_and_nothing_is_fetched() -> None:
    inside = nbformat.v4.new_output("display_data", {"text/html": "<b>late flights</b>"})
    cell = nbformat.v4.new_code_cell(
        "secret_code()",
        outputs=[
            nbformat.v4.new_output("display_data", {WIDGET: {"model_id": "box"}, "text/plain": "VBox()"})
        ],
    )
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), cell])
    node.metadata["widgets"] = {
        STATES: {
            "state": {
                "box": {
                    "state": {
                        "children": ["IPY_MODEL_slider", "IPY_MODEL_out", "IPY_MODEL_box", "IPY_MODEL_text"]
                    }
                },
                "slider": {"state": {"value": 3}},
                "text": {"model_name": "HTMLModel", "state": {"value": "<i>82 %</i>"}},
                "out": {"state": {"outputs": [inside]}},
            }
        }
    }
    page = page_of(nbformat.writes(node), "Punctuality")
    assert "<b>late flights</b>" in page
    assert "<i>82 %</i>" in page
    assert "secret_code" not in page
    assert "VBox()" not in page
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?https?:", page)


def test_what_a_query_says_of_itself_is_not_for_readers() -> None:
    told = nbformat.v4.new_output(
        "display_data", {"text/plain": "1 row in 0.03 s"}, metadata={"notehouse": "told"}
    )
    shown = nbformat.v4.new_output("display_data", {"text/plain": "58,665 flights"})
    cell = nbformat.v4.new_code_cell("%%sql", outputs=[told, shown])
    written = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    for read in (page_of(written, "Punctuality"), body_of(written).html):
        assert "58,665 flights" in read
        assert "1 row in" not in read
