"""The doctor: what is broken is found, told in a sentence, and with what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from acceptance.platform import free_port
from notehouse_core.settings import Settings
from notehouse_hub.supervisor import doctor, lock
from notehouse_hub.supervisor.doctor import Finding, examine, in_words
from notehouse_hub.supervisor.secrets import Vault


def finding(name: str, settings: Settings) -> Finding:
    return next(one for one in examine(settings) if one.name == name)


def test_all_is_well_with_a_new_folder(tmp_path: Path) -> None:
    for one in examine(Settings(data=tmp_path, port=free_port())):
        assert one.fine, one


@pytest.mark.parametrize("file", ["secrets/cookie-secret", "secrets", "keys/signing-key.pem"])
def test_key_files_that_others_can_read_are_named(tmp_path: Path, file: str) -> None:
    vault = Vault(tmp_path / "secrets").open()
    vault.text("cookie-secret")
    (tmp_path / "keys").mkdir()
    vault.write_signing_key(tmp_path / "keys" / "signing-key.pem", None)
    settings = Settings(data=tmp_path)
    assert finding("secrets", settings).fine
    (tmp_path / file).chmod(0o644)
    found = finding("secrets", settings)
    assert not found.fine
    assert file in found.text
    assert f"chmod go= {tmp_path / file}" in found.todo


def test_an_empty_key_file_is_named(tmp_path: Path) -> None:
    Vault(tmp_path / "secrets").open().text("cookie-secret")
    (tmp_path / "secrets" / "cookie-secret").write_text("")
    assert "cookie-secret" in finding("secrets", Settings(data=tmp_path)).text


@pytest.fixture
def mail_server() -> Iterator[int]:
    server = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    server.start()
    yield server.port
    server.stop()


def test_the_mail_server_is_asked(tmp_path: Path, mail_server: int) -> None:
    settings = Settings(data=tmp_path, smtp_host="127.0.0.1", smtp_port=mail_server, smtp_security="none")
    assert finding("mail", settings).fine
    encrypted = finding("mail", settings.model_copy(update={"smtp_security": "starttls"}))
    assert (encrypted.fine, "STARTTLS" in encrypted.text) == (False, True)
    away = finding("mail", settings.model_copy(update={"smtp_port": free_port()}))
    assert (away.fine, "does not answer" in away.text) == (False, True)
    assert "NOTEHOUSE_SMTP_HOST" in away.todo


def test_a_nearly_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 10**18)
    assert "nearly full" in finding("disk", Settings(data=tmp_path)).text


def test_a_supervisor_that_hangs_is_told(tmp_path: Path) -> None:
    with lock.only_one(tmp_path):
        assert not finding("running", Settings(data=tmp_path)).fine


def test_lines_are_aligned_and_what_to_do_is_below() -> None:
    said = in_words(
        [Finding("disk", True, "is free"), Finding("data folder", False, "is not there", "Make it")]
    )
    assert said.splitlines() == [
        "ok  disk         is free",
        "NO  data folder  is not there",
        "                 Make it",
    ]


def test_the_command_ends_with_1_when_something_is_wrong(tmp_path: Path) -> None:
    Vault(tmp_path / "secrets").open().text("cookie-secret")
    (tmp_path / "secrets" / "cookie-secret").chmod(0o644)
    command = [sys.executable, "-m", "notehouse_hub.cli", "doctor", "--data", str(tmp_path), "--json"]
    environment = {**os.environ, "NOTEHOUSE_PORT": str(free_port())}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == 1, ended.stderr
    wrong = [one["name"] for one in json.loads(ended.stdout) if not one["fine"]]
    assert wrong == ["secrets"]
