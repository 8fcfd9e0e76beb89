"""A page that cannot be pictured ends no worker, and is not tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from notehouse_core.artifacts import FolderStore
from notehouse_core.errors import Unavailable
from notehouse_core.settings import Settings
from notehouse_scheduler.thumbnails import Thumbnails

NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


@pytest.fixture
def thumbnails(tmp_path: Path) -> Thumbnails:
    settings = Settings(printer_key="x", printer_url="http://127.0.0.1:9")
    return Thumbnails(cast("Any", None), FolderStore(tmp_path), settings)


@pytest.mark.parametrize("stored", [b"", b"\xff", b"{}", b'{"cells": 1}'])
async def test_no_notebook_ends_it(thumbnails: Thumbnails, stored: bytes) -> None:
    assert await thumbnails._picture(thumbnails.artifacts.put(stored), "Broken") == ""


async def test_what_was_cleaned_up_is_not_tried_again(thumbnails: Thumbnails) -> None:
    assert await thumbnails._picture("0" * 64, "Gone") == ""


async def test_a_printer_that_is_away_is_asked_again_later(thumbnails: Thumbnails) -> None:
    with pytest.raises(Unavailable):
        await thumbnails._picture(thumbnails.artifacts.put(NOTEBOOK), "Later")
