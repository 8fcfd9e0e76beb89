"""Ids sort by age; settings say what is wrong with them."""

from __future__ import annotations

import time

import pytest
from pydantic import SecretStr, ValidationError

from notehouse_core.errors import Invalid
from notehouse_core.ids import uuid7
from notehouse_core.settings import Settings, load_settings, required


def test_ids_are_version_7_and_sort_by_the_time_they_were_made() -> None:
    before = uuid7()
    time.sleep(0.002)
    after = uuid7()
    assert before < after
    assert (before.version, before.variant) == (7, "specified in RFC 4122")
    assert abs((before.int >> 80) / 1000 - time.time()) < 5
    assert len({uuid7() for _ in range(1000)}) == 1000


def test_a_setting_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEHOUSE_PORT", "the usual")
    with pytest.raises(ValidationError, match="port"):
        load_settings()


def test_a_missing_secret_is_named_and_a_present_one_never_printed() -> None:
    settings = Settings(frame_key=SecretStr("do not print me"))
    assert "do not print me" not in repr(settings)
    assert required(settings.frame_key, "frame_key") == "do not print me"
    with pytest.raises(Invalid, match="NOTEHOUSE_CLASS_SECRET is not set"):
        required(settings.class_secret, "class_secret")
