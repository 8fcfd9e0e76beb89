import pytest

from notehouse_hub.service.portal.art import art_of, initials


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Punctuality", "PU"),
        ("On-time arrivals", "OT"),
        ("x", "X"),
        ("  ", "?"),
        ("Été à Paris", "ÉÀ"),
        ("_ -", "?"),
    ],
)
def test_initials_stand_for_a_name(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_the_same_dashboard_always_looks_the_same() -> None:
    assert art_of("one", "Name") == art_of("one", "Name")
    assert art_of("one", "Name").bars != art_of("two", "Name").bars


def test_the_picture_stays_within_its_frame() -> None:
    for key in map(str, range(50)):
        art = art_of(key, "Name")
        assert all(bar.x >= 0 and bar.x + bar.width <= 320 and bar.y >= 0 for bar in art.bars)
        assert 0 <= art.colour < 8
