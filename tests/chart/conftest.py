"""Fixture: `form`, each form of values in turn."""

from __future__ import annotations

from typing import Any

import pytest

from chart import forms


@pytest.fixture(params=list(forms.ALL.values()), ids=list(forms.ALL))
def form(request: pytest.FixtureRequest) -> dict[str, Any]:
    values: dict[str, Any] = request.param
    return values
