"""Tokens open what they name, until they expire, and nothing else."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from notehouse_core.errors import Unauthenticated
from notehouse_core.tokens import FRAME, Claims, FrameSigner, Signer, Verifier, key_id, public_pem

CLAIMS = Claims("ann", "united", "0123456789abcdef0123", "interactive", sources=("warehouse",))


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Signer, Verifier]:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "keys.json").write_text(json.dumps({key_id(public_pem(key)): public_pem(key)}))
    return Signer.from_file(tmp_path / "key.pem"), Verifier.from_file(tmp_path / "keys.json")


def test_claims_come_back_as_they_were(keys: tuple[Signer, Verifier]) -> None:
    signer, verifier = keys
    assert verifier.verify(signer.sign(CLAIMS), "query") == CLAIMS


@pytest.mark.parametrize(
    ("claims", "audience", "why"),
    [
        (replace(CLAIMS, expires_at=int(time.time()) - 1), "query", "expired"),
        (replace(CLAIMS, audience=("api",)), "query", "not meant for"),
        (CLAIMS, "frame", "not meant for"),
    ],
)
def test_a_refusal_says_why(keys: tuple[Signer, Verifier], claims: Claims, audience: str, why: str) -> None:
    signer, verifier = keys
    with pytest.raises(Unauthenticated, match=why):
        verifier.verify(signer.sign(claims), audience)


def test_a_key_that_is_not_ours_signs_nothing(keys: tuple[Signer, Verifier]) -> None:
    stranger = Signer(Ed25519PrivateKey.generate(), "their-key")
    with pytest.raises(Unauthenticated, match="key that is not in use"):
        keys[1].verify(stranger.sign(CLAIMS), "query")


def test_the_public_key_cannot_be_used_as_a_shared_secret(keys: tuple[Signer, Verifier]) -> None:
    signer, verifier = keys
    kid, pem = next(iter(verifier._keys.items()))
    unsigned = jwt.encode(CLAIMS.payload(), "", algorithm="none", headers={"kid": kid})
    body = signer.sign(CLAIMS).rsplit(".", 1)[0]
    for forged in (unsigned, body + ".", body + "." + "A" * 86):
        with pytest.raises(Unauthenticated):
            verifier.verify(forged, "query")
    assert pem.startswith("-----BEGIN PUBLIC KEY")


def test_a_frame_token_that_was_good_ends_with_its_time() -> None:
    frames = FrameSigner("k" * 32)
    ends = int(time.time()) + 1
    token = frames.sign(replace(CLAIMS, audience=(FRAME,), purpose="view", expires_at=ends))
    read = FrameSigner("k" * 32)  # another server's, which has not signed it
    assert frames.verify(token) == read.verify(token) == read.verify(token)
    while time.time() <= ends:
        time.sleep(0.05)
    for one in (frames, read) * 2:
        with pytest.raises(Unauthenticated, match="expired"):
            one.verify(token)


def test_a_frame_token_is_for_the_frame_alone(keys: tuple[Signer, Verifier]) -> None:
    frames = FrameSigner("k" * 32)
    token = frames.sign(replace(CLAIMS, audience=(FRAME,), purpose="view"))
    assert frames.verify(token).audience == (FRAME,)
    with pytest.raises(Unauthenticated):
        keys[1].verify(token, "query")
    with pytest.raises(Unauthenticated):
        FrameSigner("x" * 32).verify(token)
    with pytest.raises(Unauthenticated):
        frames.verify(keys[0].sign(CLAIMS))
    with pytest.raises(ValueError, match="nothing else"):
        frames.sign(CLAIMS)
