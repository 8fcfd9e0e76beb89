"""Does every form of the chart render to what Kubernetes takes, and are values that make no sense refused?"""

from __future__ import annotations

import re
from typing import Any

import helm_python
import pytest
import yaml

from chart import forms
from chart.chart import FOLDER, check, render

PROCESSES = ("proxy", "hub", "api", "query-gateway", "dashboards", "worker", "printer", "rights")


@pytest.mark.parametrize("install", [True, False], ids=["install", "upgrade"])
def test_a_form_is_what_kubernetes_takes(form: dict[str, Any], install: bool) -> None:
    rendered = render(form, install=install)
    for document in rendered.documents:
        check(document)
    assert {f"nh-notehouse-{name}" for name in PROCESSES} <= set(rendered.pods())
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered.documents]
    assert len(names) == len(set(names))
    assert all(name.startswith("nh-notehouse") for _, name in names)


def test_helm_finds_nothing_to_mend() -> None:
    found = helm_python.lint(FOLDER, values=forms.EXTERNAL)
    assert not [one for one in found["messages"] if "icon" not in one["error"]], found


def test_migrations_run_before_anything_new_starts() -> None:
    job = render(forms.EXTERNAL).named("Job", "nh-notehouse-migrate")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["command"] == ["notehouse", "migrate"]


def test_the_first_migration_of_a_database_in_the_cluster_waits_for_that_database() -> None:
    first, later = render(forms.SMALL), render(forms.SMALL, install=False)
    assert "annotations" not in first.named("Job", "nh-notehouse-migrate-first")["metadata"]
    hook = later.named("Job", "nh-notehouse-migrate")["metadata"]["annotations"]["helm.sh/hook"]
    assert hook == "pre-upgrade"


def test_migrations_find_their_secret_before_the_charts_own_is_there() -> None:
    rendered = render(forms.SECRETS_IN_VALUES)
    secret = rendered.named("Secret", "nh-notehouse-migrate")
    assert secret["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert set(secret["stringData"]) == {"database-owner-url"}
    source = rendered.environment("migrate")["NOTEHOUSE_DATABASE_OWNER_URL"]["secretKeyRef"]
    assert source == {"name": "nh-notehouse-migrate", "key": "database-owner-url"}


def test_the_ingress_leads_to_the_proxy_alone_under_tls() -> None:
    (ingress,) = render(forms.INGRESS).of_kind("Ingress")
    assert ingress["spec"]["tls"] == [{"secretName": "house-tls", "hosts": ["notehouse.example.org"]}]
    (rule,) = ingress["spec"]["rules"]
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == "nh-notehouse-proxy"


def test_with_subdomains_every_host_below_ours_leads_to_the_proxy() -> None:
    rendered = render(forms.SUBDOMAINS)
    (ingress,) = rendered.of_kind("Ingress")
    hosts = [rule["host"] for rule in ingress["spec"]["rules"]]
    assert hosts == ["notehouse.example.org", "*.notehouse.example.org"] == ingress["spec"]["tls"][0]["hosts"]
    assert "--host-routing" in rendered.pods()["nh-notehouse-proxy"]["spec"]["containers"][0]["command"]
    assert rendered.environment("hub")["NOTEHOUSE_SUBDOMAINS"] == "true"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "publicUrl"),
        ({**forms.EXTERNAL, "publicURL": "https://typo.example.org"}, "publicURL"),
        ({**forms.EXTERNAL, "api": {"replica": 3}}, "replica"),
        ({**forms.EXTERNAL, "networkPolicy": {"to": {"postgers": []}}}, "postgers"),
        ({**forms.EXTERNAL, "servers": {"server": {"memory_limit": "2 gigabytes"}}}, "memory_limit"),
        ({**forms.EXTERNAL, "logLevel": "LOUD"}, "logLevel"),
        ({**forms.EXTERNAL, "artifacts": {}}, "artifacts.url"),
        ({**forms.EXTERNAL, "postgres": {}}, "postgres."),
        ({**forms.EXTERNAL, "clickhouse": {}}, "clickhouse.url"),
        ({**forms.EXTERNAL, "oidc": {"issuer": "https://login.example.org"}}, "oidc.clientSecret"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(values: dict[str, Any], told: str) -> None:
    with pytest.raises(helm_python.HelmError, match=re.escape(told)):
        render(values)


def test_every_value_is_described() -> None:
    values = yaml.safe_load((FOLDER / "values.yaml").read_text())
    schema = yaml.safe_load((FOLDER / "values.schema.json").read_text())
    assert sorted(_undescribed(values, schema, "")) == []


def _undescribed(values: dict[str, Any], schema: dict[str, Any], path: str) -> list[str]:
    found = []
    for key, value in values.items():
        known = schema.get("properties", {}).get(key)
        if known is None or len(known.get("description", "")) < 8:
            found.append(f"{path}{key}")
        elif isinstance(value, dict) and "properties" in known:
            assert known["additionalProperties"] is False
            found += _undescribed(value, known, f"{path}{key}.")
    return found


def test_every_branch_of_every_template_is_in_some_form() -> None:
    """Each `if` and `with` on a value is true in one form and false in another, or it would not be tested."""
    conditions = set()
    for file in (FOLDER / "templates").glob("*"):
        conditions |= set(re.findall(r"{{-? (?:else )?(?:if|with)[^}]*?\.Values\.([\w.]+)", file.read_text()))
    defaults = helm_python.Chart.load(FOLDER)
    merged = [defaults.merge_values(form) for form in forms.ALL.values()]
    for condition in conditions:
        seen = {bool(_at(values, condition)) for values in merged}
        assert seen == {True, False}, f"{condition} is {seen} in every form"


def _at(values: Any, path: str) -> Any:
    for part in path.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def test_names_are_made_in_one_file() -> None:
    uses = re.compile(r"\.Release\.Name\b")
    where = [file.name for file in (FOLDER / "templates").glob("*") if uses.search(file.read_text())]
    assert where == ["_helpers-names.tpl"]
