"""Keys of tokens are followed: a rotation is picked up by whoever runs, and ends nothing before its time."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from notehouse_core.errors import Invalid, Unauthenticated
from notehouse_core.token_keys import SigningKey, VerifyKeys
from notehouse_core.token_renewal import renewed, request_file
from notehouse_core.tokens import LONGEST_LIFE, QUERY, Claims
from notehouse_hub.supervisor.secrets import Vault

CLAIMS = Claims("ann", "united", "0123456789abcdef0123", "interactive")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    (tmp_path / "keys").mkdir()
    made = Vault(tmp_path / "secrets").open()
    made.write_token_keys(tmp_path / "keys", None)
    return made


def rotate(vault: Vault) -> None:
    vault.rotate_signing_key()
    vault.write_token_keys(vault.folder.parent / "keys", None)


def files(vault: Vault) -> tuple[Path, Path]:
    keys = vault.folder.parent / "keys"
    return keys / "signing-key.pem", keys / "verify-keys.json"


def test_tokens_of_before_and_after_a_rotation_count(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notehouse_core.token_keys.LOOK_AGAIN", 0.0)
    private, public = files(vault)
    signing, verifying = SigningKey(private), VerifyKeys(public)
    tokens = [signing.sign(CLAIMS)]
    for _ in range(3):
        rotate(vault)
        tokens.append(signing.sign(CLAIMS))
    assert len({json.dumps(token.split(".")[0]) for token in tokens}) == 4  # another key id each
    assert all(verifying.verify(token, QUERY) == CLAIMS for token in tokens)


def test_a_key_of_this_moment_is_looked_for_at_once(vault: Vault) -> None:
    private, public = files(vault)
    verifying = VerifyKeys(public)
    rotate(vault)
    assert verifying.verify(SigningKey(private).sign(CLAIMS), QUERY) == CLAIMS


def test_an_old_key_counts_until_the_last_token_that_it_signed_has_ended(vault: Vault) -> None:
    private, public = files(vault)
    before = SigningKey(private).sign(CLAIMS)
    rotate(vault)
    kept = json.loads(public.read_text())
    [retired] = [one for one in kept.values() if not isinstance(one, str)]
    assert abs(retired["until"] - time.time() - LONGEST_LIFE) < 10
    retired["until"] = time.time() - 1
    public.write_text(json.dumps(kept))
    with pytest.raises(Unauthenticated, match="key that is not in use"):
        VerifyKeys(public).verify(before, QUERY)
    file = vault.folder / "retired-keys.json"
    file.write_text(json.dumps({kid: one for kid, one in kept.items() if not isinstance(one, str)}))
    vault.write_token_keys(vault.folder.parent / "keys", None)
    assert len(json.loads(public.read_text())) == 1


def test_a_damaged_file_leaves_what_was_known(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notehouse_core.token_keys.LOOK_AGAIN", 0.0)
    private, public = files(vault)
    token, verifying = SigningKey(private).sign(CLAIMS), VerifyKeys(public)
    public.write_text("{")
    assert verifying.verify(token, QUERY) == CLAIMS
    with pytest.raises(Invalid, match=r"verify-keys\.json cannot be read"):
        VerifyKeys(public)


def test_a_kernel_asks_only_where_somebody_keeps_its_token(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    began = time.monotonic()
    assert not renewed(token)
    assert not renewed(tmp_path / "none")
    assert time.monotonic() - began < 0.5
    request = request_file(token)
    request.touch()
    before = request.stat().st_mtime_ns
    if (child := os.fork()) == 0:
        while request.stat().st_mtime_ns == before:
            time.sleep(0.01)
        token.write_text("new")
        os._exit(0)
    assert renewed(token)
    os.waitpid(child, 0)
