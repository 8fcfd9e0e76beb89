"""Files of tenants: what is refused and why, and what a plan says of the way from what is to what should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from notehouse_core.errors import Invalid
from notehouse_hub.tenant_files.difference import differences, drift
from notehouse_hub.tenant_files.document import Document, TenantSpec, read

READS = {"source": "warehouse", "table": "flights.flights", "rows": "carrier = {user.carrier}"}
UNITED: dict[str, Any] = {
    "slug": "united",
    "name": "United",
    "quotas": {"execution_seconds": 30},
    "roles": [{"name": "reader", "actions": ["view-dashboards"], "reads": [READS]}],
    "members": [{"user": "ann", "roles": ["reader"]}],
}


def tenant(**changes: Any) -> TenantSpec:
    return TenantSpec.model_validate({**UNITED, **changes})


def told(wanted: TenantSpec, present: TenantSpec | None) -> list[str]:
    return [str(one).splitlines()[0] for one in differences(wanted, present)]


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(yaml.safe_dump({"version": 1, "tenants": [UNITED]}))
    assert read(file) == Document(version=1, tenants=[tenant()])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"slug": "UNITED"}, "slug"),
        ({"colour": "blue"}, "colour"),
        ({"roles": [{"name": "reader", "actions": ["fly"]}]}, "no action fly"),
        ({"roles": [{"name": "admin", "actions": []}]}, "built-in role admin are fixed"),
        ({"roles": [{"name": "r", "reads": [{**READS, "rows": "sleep(3) = 1"}]}]}, "may call only"),
        ({"roles": [{"name": "r", "reads": [{**READS, "table": "flights"}]}]}, "table"),
        ({"roles": [{"name": "r"}, {"name": "r"}]}, "r stands there twice"),
        ({"roles": [{"name": "r", "limits": {"seconds": 3}}]}, "no limit seconds"),
        ({"roles": [{"name": "r", "limits": {"execution_seconds": 0}}]}, "1 or more"),
        ({"quotas": {"execution_seconds": 0}}, "quotas"),
        ({"members": [{"user": "ann", "roles": []}]}, "roles"),
        ({"sources": [{"name": "pg", "secrets": {"password": {}}}]}, "either env or file"),
        ({"sources": [{"name": "pg", "secrets": {"password": "hunter2"}}]}, "secrets"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(yaml.safe_dump({"version": 1, "tenants": [{**UNITED, **change}]}))
    with pytest.raises(Invalid, match=why):
        read(file)


@pytest.mark.parametrize("text", ["version: [", "version: 2\ntenants: []", "- 1", ""])
def test_what_is_no_file_of_tenants_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(text)
    with pytest.raises(Invalid, match=r"tenants\.yaml"):
        read(file)


def test_nothing_to_do_is_nothing() -> None:
    assert differences(tenant(), tenant()) == []
    again = tenant(members=[{"user": "ann", "roles": ["reader", "reader"]}])
    assert differences(again, tenant()) == []


def test_a_new_tenant_comes_with_all_that_it_has() -> None:
    assert told(tenant(), None) == ["+ tenant united", "+ role reader", "+ member ann", "~ quotas united"]


def test_a_change_says_what_it_changes_and_taking_away_comes_last() -> None:
    roles = [{"name": "other", "reads": [{**READS, "rows": "1"}]}]
    wanted = tenant(roles=roles, members=[{"user": "ann", "roles": ["other"]}])
    assert told(wanted, tenant()) == ["+ role other", "~ member ann", "- role reader"]
    (changed,) = differences(
        tenant(roles=[{**UNITED["roles"][0], "reads": [{**READS, "rows": "1"}]}]), tenant()
    )
    assert "reads: - warehouse/flights.flights (all columns) where carrier = {user.carrier}" in str(changed)
    assert "reads: + warehouse/flights.flights (all columns) where 1" in str(changed)


def test_sections_left_out_and_built_in_roles_are_left_alone() -> None:
    present = tenant(roles=[{"name": "admin"}, *UNITED["roles"]], groups={"g": "admin"})
    assert differences(tenant(members=None, quotas=None), present) == []


def test_drift_is_what_was_done_by_hand() -> None:
    by_hand = tenant(members=[*UNITED["members"], {"user": "eve", "roles": ["admin"]}], quotas={})
    assert next(str(one) for one in drift(tenant(), by_hand)) == "+ member eve"
    assert [one.noun for one in drift(tenant(members=None), by_hand)] == ["quotas"]
    assert drift(tenant(), tenant(roles=[{"name": "viewer"}, *UNITED["roles"]])) == []
