"""Codes of authenticator apps, against the values of RFC 6238 and an app of another hand."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import pytest

from notehouse_core.errors import Unavailable
from notehouse_hub.login.sealing import Seal
from notehouse_hub.login.second_factor import digest_of, new_recovery_codes, picture_of, step_of

RFC = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (20000000000, "353130"),
    ],
)
def test_codes_of_the_standard(seconds: int, code: str) -> None:
    assert step_of(RFC, code, seconds) == seconds // 30
    for drift in (-30, 30):
        assert step_of(RFC, code, seconds + drift) == seconds // 30
    assert step_of(RFC, code, seconds + 60) is None


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708२", "abcdef", "287 082", "287082\n"])
def test_what_is_no_code(code: str) -> None:
    assert step_of(RFC, code, 59) is None


def test_the_picture_stands_alone_and_is_black_on_white() -> None:
    svg = picture_of("otpauth://totp/Notehouse:ann?secret=AAAA&issuer=Notehouse")
    root = ElementTree.fromstring(svg)
    assert "viewBox" in root.attrib
    assert 'fill="#fff"' in svg
    assert not re.search(r"<script|href|style", svg)


def test_recovery_codes_are_long_and_all_different() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", one) for one in codes)
    assert digest_of(codes[0].lower().replace("-", " ")) == digest_of(codes[0])


def test_a_seal_opens_only_with_its_key_for_whom_it_was_closed() -> None:
    sealed = Seal("key").close("secret", "ann")
    assert "secret" not in sealed
    assert Seal("key").open(sealed, "ann") == "secret"
    for key, about in (("key", "bob"), ("another", "ann")):
        with pytest.raises(Unavailable, match="sealed with another key"):
            Seal(key).open(sealed, about)
