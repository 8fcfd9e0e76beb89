"""What a tenant's look may be, and the style sheet that it becomes."""

from __future__ import annotations

import base64

import pytest

from notehouse_core.branding import Branding
from notehouse_core.errors import Invalid

PIXEL = "data:image/png;base64," + base64.b64encode(b"a picture").decode()


def test_colours_become_a_style_sheet() -> None:
    look = Branding.of({"branding": {"accent": "#14506b", "logo": PIXEL}})
    look.check()
    assert look.css().count("#14506b") == 4
    assert Branding.of({}).css() == ""
    assert "#111111" in Branding("#222222", "#111111").css().partition("@media")[2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"accent": "red"},
        {"accent": "#14506b; } body { display: none"},
        {"accent_dark": "#1450"},
        {"logo": "https://elsewhere.example/logo.png"},
        {"logo": "data:text/html;base64,PGI+"},
        {"logo": 'data:image/png;base64,AAAA" onload="x'},
        {"logo": "data:image/png;base64," + "A" * 140_000},
    ],
)
def test_what_is_no_colour_or_picture_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        Branding(**wrong).check()
