"""Tenants as a file: planned, applied, applied again without effect; and what is done by hand is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from acceptance.platform import Notehouse, Person, eventually

People = Callable[..., Person]


@pytest.fixture
def admin(person: People) -> Iterator[httpx.Client]:
    with person("admin").api() as api:
        yield api


@pytest.fixture
def content(admin: httpx.Client) -> Iterator[dict[str, Any]]:
    """A tenant whose readers see one airline; it is closed at the end, since people of two tenants must name one."""
    reads = {"source": "warehouse", "table": "flights.flights", "rows": "carrier = 'B6' AND origin = 'JFK'"}
    slug = f"jetblue-{uuid4().hex[:6]}"
    yield {
        "slug": slug,
        "name": "JetBlue",
        "quotas": {"execution_seconds": 20},
        "groups": {"cn=jetblue,ou=groups": "viewer"},
        "sources": [{"name": "warehouse", "connection": {"database": "flights"}}],
        "roles": [{"name": "station", "actions": ["view-dashboards", "run-sql"], "reads": [reads]}],
        "members": [
            {"user": "delta-analyst", "roles": ["station"]},
            {"user": "united-analyst", "roles": ["admin"]},
        ],
    }
    admin.delete(f"tenants/{slug}")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    def to_file(content: dict[str, Any]) -> str:
        file = tmp_path / "tenants.yaml"
        file.write_text(yaml.safe_dump({"version": 1, "tenants": [content]}))
        return str(file)

    return to_file


def test_a_tenant_from_a_file(
    notehouse: Notehouse, write: Any, content: dict[str, Any], admin: httpx.Client, person: People
) -> None:
    file, slug = write(content), content["slug"]
    planned = notehouse("plan", file)
    assert planned.returncode == 2, planned.stderr
    assert f"+ tenant {slug}" in planned.stdout
    assert admin.get(f"tenants/{slug}").status_code == 404, "a plan does nothing"

    applied = notehouse("apply", file, "--yes")
    assert applied.returncode == 0, applied.stderr
    again = notehouse("plan", file)
    assert (again.stdout, again.returncode) == ("No changes.\n", 0)
    assert "No changes." in notehouse("apply", file, "--yes").stdout

    with person("delta-analyst").api() as analyst:
        sql = "SELECT uniqExact(carrier, origin), any(carrier) FROM flights"

        def rows() -> Any:
            answer = analyst.post("queries", json={"data_source": "warehouse", "sql": sql, "tenant": slug})
            return answer.json().get("rows")

        assert eventually(rows, 15, "the rights are in force") == [[1, "B6"]]

    _by_hand(notehouse, write, content, admin)


def _by_hand(notehouse: Notehouse, write: Any, content: dict[str, Any], admin: httpx.Client) -> None:
    """What somebody does beside the file is told as such, and mended by applying it."""
    slug = content["slug"]
    admin.put(f"tenants/{slug}/quotas", json={"execution_seconds": 50}).raise_for_status()
    told = notehouse("plan", write(content)).stdout
    assert f"{slug}: changed by hand since the file was applied last" in told
    assert "execution_seconds: 20 → 50" in told
    assert "execution_seconds: 50 → 20" in told
    assert notehouse("apply", write(content), "--yes").returncode == 0
    assert admin.get(f"tenants/{slug}/quotas").json()["set"]["execution_seconds"] == 20

    locked_out = notehouse("apply", write({**content, "members": content["members"][:1]}), "--yes")
    assert locked_out.returncode == 1
    assert "Nobody" in locked_out.stderr
    held = {one["username"] for one in admin.get(f"tenants/{slug}/members").json()["items"]}
    assert held == {"delta-analyst", "united-analyst"}


def test_a_file_that_cannot_be_used_says_why(
    notehouse: Notehouse, write: Any, content: dict[str, Any]
) -> None:
    content["roles"][0]["reads"][0]["rows"] = "sleep(3) = 1"
    refused = notehouse("plan", write(content))
    assert refused.returncode == 1
    assert "may call only" in refused.stderr
    assert "Traceback" not in refused.stderr
