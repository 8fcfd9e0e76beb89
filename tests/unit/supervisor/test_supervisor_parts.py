"""The supervisor's small parts: back-off, ports, lock, logs, secrets, process table."""

import json
import os
import socket
import stat
from pathlib import Path

import pytest

from notehouse_core.secret_keys import KeyRing
from notehouse_core.settings import Settings
from notehouse_hub.embedded import clickhouse_engine
from notehouse_hub.embedded.errors import UnsupportedPlatformError
from notehouse_hub.supervisor import environment, folders, lock, logfile, own_engines, ports, process_table
from notehouse_hub.supervisor.backoff import Backoff
from notehouse_hub.supervisor.errors import StartRefusedError, SupervisorError
from notehouse_hub.supervisor.secrets import Vault


def test_first_restart_is_at_once_then_ever_later_up_to_a_bound() -> None:
    backoff = Backoff(first=0.5, longest=4.0)
    assert [backoff.delay(lived=1) for _ in range(7)] == [0.0, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_long_life_is_forgiven() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.delay(lived=1)
    assert backoff.delay(lived=61) == 0.0


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        layout = ports.Ports.from_base(port - 3)
        with pytest.raises(StartRefusedError, match=rf"{port} \(api\).*Nothing was started.*--port"):
            ports.check_free(layout, "127.0.0.1")


def test_ports_follow_the_public_one() -> None:
    assert ports.Ports.from_base(8000) == ports.Ports(*range(8000, 8011))


def test_two_cannot_hold_one_data_folder(tmp_path: Path) -> None:
    refused = pytest.raises(StartRefusedError, match=rf"already running.*process {os.getpid()}")
    with lock.only_one(tmp_path), refused, lock.only_one(tmp_path):
        raise AssertionError("held twice")
    with lock.only_one(tmp_path):
        pass


def test_a_large_log_moves_aside_and_old_ones_go(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    for number in range(6):
        log.write_text(f"{number}" * 100)
        logfile.rotate(log, largest=100, kept=3)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["hub.log.1", "hub.log.2", "hub.log.3"]
    assert (tmp_path / "hub.log.1").read_text().startswith("5")


def test_a_small_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "hub.log"
    log.write_text("short")
    logfile.rotate(log)
    assert log.read_text() == "short"
    assert logfile.tail(log) == "    short"


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets").open()
    first = (vault.text("cookie-secret"), vault.service_tokens(), vault.postgres_passwords())
    again = Vault(tmp_path / "secrets").open()
    assert (again.text("cookie-secret"), again.service_tokens(), again.postgres_passwords()) == first
    assert len({*vault.service_tokens().values(), *vault.postgres_passwords()}) == 10
    assert stat.S_IMODE(vault.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in vault.folder.iterdir()} == {0o600}


def test_signing_key_is_private_and_its_public_half_is_not(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets").open()
    vault.write_signing_key(tmp_path / "signing-key.pem", None)
    vault.write_verify_keys(tmp_path / "verify-keys.json")
    assert stat.S_IMODE((tmp_path / "signing-key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "verify-keys.json").stat().st_mode) == 0o644
    [(key_id, pem)] = json.loads((tmp_path / "verify-keys.json").read_text()).items()
    assert len(key_id) == 16
    assert "PUBLIC KEY" in pem
    assert "PRIVATE" not in pem


def test_demo_passwords_stay_until_one_is_given_for_all(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets").open()
    first = vault.demo_passwords(("admin", "ann"), None)
    assert vault.demo_passwords(("admin", "ann"), None) == first
    assert len(set(first.values())) == 2
    assert vault.demo_passwords(("admin", "ann"), "same") == {"admin": "same", "ann": "same"}


def test_a_data_folder_that_is_a_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StartRefusedError, match="cannot be written"):
        folders.check(tmp_path / "data")


def test_a_full_disk_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 5_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(StartRefusedError, match="nearly full: 5 MB are free"):
        folders.check(tmp_path)


def test_the_process_table_knows_us_and_not_the_dead() -> None:
    mine = process_table.read(os.getpid())
    assert mine is not None
    assert mine.parent == os.getppid()
    assert process_table.read(2**22 + 1) is None
    assert mine in process_table.descendants([os.getppid()])


@pytest.mark.parametrize("machine", [("Linux", "x86_64")])
def test_the_engine_of_this_machine_is_locked(machine: tuple[str, str]) -> None:
    assert clickhouse_engine.package_name(*machine) == "@chdb/lib-linux-x64-gnu"


@pytest.mark.parametrize("machine", [("Linux", "riscv64"), ("Darwin", "arm64"), ("Windows", "AMD64")])
def test_other_machines_are_told_what_to_do(machine: tuple[str, str]) -> None:
    with pytest.raises(UnsupportedPlatformError, match="NOTEHOUSE_CLICKHOUSE_URL"):
        clickhouse_engine.package_name(*machine)


def test_the_system_interpreter_can_be_executed_by_everyone() -> None:
    found = environment.system_interpreter()
    assert all(parent.stat().st_mode & 0o001 for parent in found.parents)


def test_a_program_in_a_closed_folder_is_not_open_to_all(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "python"
    program.touch(mode=0o755)
    assert not environment.open_to_all(program)


def test_the_source_hash_follows_the_source(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    code = tmp_path / "hub" / "a.py"
    code.write_text("one")
    first = environment.source_hash(tmp_path)
    (tmp_path / "hub" / "__pycache__").mkdir()
    (tmp_path / "hub" / "__pycache__" / "a.pyc").write_text("compiled")
    assert environment.source_hash(tmp_path) == first
    code.write_text("two")
    assert environment.source_hash(tmp_path) != first


def test_what_lies_outside_the_data_folder_is_named() -> None:
    assert own_engines.outside(Settings()) == []
    elsewhere = Settings(database_url="postgresql://x", clickhouse_url="http://x", artifacts="s3://x")
    assert [one.split()[0] for one in own_engines.outside(elsewhere)] == [
        "Postgres",
        "ClickHouse",
        "artifacts",
    ]


def test_engines_that_do_not_answer_are_said_so() -> None:
    away = Settings(clickhouse_url="http://127.0.0.1:9", database_url="postgresql://x@127.0.0.1:9/x")
    with pytest.raises(SupervisorError, match="does not answer"):
        own_engines.clickhouse_version(away)
    with pytest.raises(SupervisorError, match="NOTEHOUSE_DATABASE_URL opens nothing"):
        own_engines.postgres_version("database_url", away.database_url)
    with pytest.raises(SupervisorError, match="NOTEHOUSE_HUB_DATABASE_URL is not set"):
        own_engines.postgres_version("hub_database_url", None)


def test_no_key_of_secrets_is_lost_between_its_two_places(tmp_path: Path) -> None:
    vault, copy = Vault(tmp_path / "secrets").open(), tmp_path / "source-keys.json"
    vault.write_source_keys(copy, None)
    first = copy.read_text()
    assert vault.source_keys.read_text() == first
    assert copy.stat().st_mode & 0o777 == 0o600
    vault.source_keys.unlink()
    vault.write_source_keys(copy, None)
    assert vault.source_keys.read_text() == first
    newer = KeyRing.read(first).with_new_key()
    copy.write_text(newer.text())  # where a rotation writes first
    vault.write_source_keys(copy, None)
    assert KeyRing.read(vault.source_keys.read_text()) == KeyRing.read(copy.read_text()) == newer
