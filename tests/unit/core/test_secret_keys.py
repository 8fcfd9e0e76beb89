"""Secrets at rest open with their key, where they belong, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from notehouse_core.errors import Invalid
from notehouse_core.ids import uuid7
from notehouse_core.secret_keys import KeyFile, KeyRing, Sealed, Unopenable, place_of

TENANT, ONE, OTHER = uuid7(), uuid7(), uuid7()
PLACE = place_of(TENANT, ONE, "secret")


def test_a_secret_comes_back_where_it_belongs() -> None:
    ring = KeyRing.read(KeyRing.new().text())
    sealed = ring.seal(b"canary", PLACE)
    assert ring.open(sealed, PLACE) == b"canary"
    assert b"canary" not in sealed.content
    assert ring.seal(b"canary", PLACE).content != sealed.content


@pytest.mark.parametrize(
    "place",
    [place_of(TENANT, OTHER, "secret"), place_of(OTHER, ONE, "secret"), place_of(TENANT, ONE, "other")],
    ids=["another source", "another tenant", "another field"],
)
def test_a_ciphertext_opens_nowhere_else(place: bytes) -> None:
    ring = KeyRing.new()
    with pytest.raises(Unopenable, match="does not belong where it stands"):
        ring.open(ring.seal(b"x", PLACE), place)


@pytest.mark.parametrize("position", [0, 12, -1])
def test_a_changed_ciphertext_does_not_open(position: int) -> None:
    ring = KeyRing.new()
    content = bytearray(ring.seal(b"secret", PLACE).content)
    content[position] ^= 1
    for changed in (bytes(content), bytes(content[:position]), b""):
        with pytest.raises(Unopenable, match="or was changed"):
            ring.open(Sealed(changed, ring.current), PLACE)


def test_a_ring_with_a_new_key_opens_the_old_and_seals_with_the_new() -> None:
    old = KeyRing.new()
    both = old.with_new_key()
    before, after = old.seal(b"x", PLACE), both.seal(b"x", PLACE)
    assert both.open(before, PLACE) == both.open(after, PLACE) == b"x"
    alone = both.only_current()
    assert alone.open(after, PLACE) == b"x"
    for ring, sealed in ((alone, before), (old, after)):
        with pytest.raises(Unopenable, match="is not among the secret keys"):
            ring.open(sealed, PLACE)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"current": "a", "keys": {}}', '{"current": "a", "keys": {"a": "c2hvcnQ="}}']
)
def test_a_file_that_is_none_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        KeyRing.read(text)
    assert "c2hvcnQ" not in refused.value.message
    assert "c2hvcnQ" not in repr(KeyRing.new())


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path, first = tmp_path / "keys.json", KeyRing.new()
    path.write_text(first.text())
    keys = KeyFile(path)
    assert keys.ring() == first
    second = first.with_new_key()
    draft = tmp_path / "draft"
    draft.write_text(second.text())
    os.replace(draft, path)
    assert keys.ring() == second
    path.unlink()
    with pytest.raises(Invalid, match="NOTEHOUSE_SECRET_KEYS_FILE"):
        keys.ring()
