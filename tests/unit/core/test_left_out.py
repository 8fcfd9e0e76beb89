"""Our servers start sooner and hold less without what they never use."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["notehouse_hub", "notehouse_dashboards", "notehouse_scheduler"])
def test_servers_do_without_the_grammar_of_addresses(package: str) -> None:
    look = f"import {package}, sys, jsonschema; print('lark' in sys.modules, 'arrow' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stdout
    assert said == "False False\n"
