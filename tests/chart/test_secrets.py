"""Who holds which secret? Nobody who runs people's code holds one, and each of ours only its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chart import forms
from chart.chart import Rendered, render

# Keys of Secrets that a process may have. A key that is new here is a decision, not an accident.
ALLOWED = {
    "proxy": {"proxy-token"},
    "hub": {
        "database-url",
        "hub-database-url",
        "service-tokens",
        "proxy-token",
        "cookie-secret",
        "account-key",
        "auth-state-key",
        "oidc-client-secret",
    },
    "api": {
        "database-url",
        "clickhouse-password",
        "s3-secret",
        "service-notehouse",
        "printer-key",
        "session-key",
        "webhook-key",
        "account-key",
        "signing-key.pem",
        "source-keys.json",
        "verify-keys.pem",
    },
    "query-gateway": {"database-url", "clickhouse-password", "class-secret", "verify-keys.pem"},
    "dashboards": {"database-url", "clickhouse-password", "s3-secret", "service-dashboards", "frame-key"},
    "worker": {
        "database-url",
        "s3-secret",
        "service-scheduler",
        "printer-key",
        "webhook-key",
        "smtp-password",
    },
    "printer": {"printer-key"},
    "rights": {"database-url", "clickhouse-password", "class-secret"},
    "migrate": {"database-owner-url"},
    "migrate-first": {"database-owner-url"},
    "usage": {"clickhouse-password"},
    "postgres": {
        "postgres-superuser-password",
        "postgres-owner-password",
        "postgres-app-password",
        "postgres-hub-password",
    },
    "clickhouse": {"clickhouse-password"},
}


def keys_of(pod: dict[str, Any]) -> Iterator[str]:
    """The keys of Secrets that reach a pod, by any way; a whole Secret counts as `*`."""
    for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
        for one in container.get("env", []):
            if "secretKeyRef" in one.get("valueFrom", {}):
                yield one["valueFrom"]["secretKeyRef"]["key"]
        if any("secretRef" in one for one in container.get("envFrom", [])):
            yield "*"
    for volume in pod["spec"].get("volumes", []):
        if "secret" in volume:
            yield from (one["key"] for one in volume["secret"].get("items", [{"key": "*"}]))
        if "projected" in volume:
            yield "*"


def test_each_process_holds_its_own_secrets_and_no_others(form: dict[str, Any]) -> None:
    for name, pod in render(form).pods().items():
        component = name.removeprefix("nh-notehouse-")
        assert set(keys_of(pod)) <= ALLOWED[component], component


def test_no_pod_of_the_chart_is_of_the_code_tier(form: dict[str, Any]) -> None:
    """They are the Hub's to make; test_pods.py looks at those."""
    tiers = {pod["metadata"]["labels"]["notehouse/tier"] for pod in render(form).pods().values()}
    assert tiers <= {"web", "data"}


@pytest.mark.parametrize(
    "form", [forms.SECRETS_IN_VALUES, forms.EVERYTHING], ids=["few values", "all values"]
)
def test_secrets_among_values_end_up_in_secrets_alone(form: dict[str, Any]) -> None:
    rendered = render(form)
    others = json.dumps([one for one in rendered.documents if one["kind"] != "Secret"])
    assert "canary" not in others


def test_who_may_speak_with_the_cluster() -> None:
    """The Hub makes pods; nobody else has an account of the cluster's, and it can read no Secret."""
    rendered = render(forms.EVERYTHING)
    with_token = [
        name for name, pod in rendered.pods().items() if pod["spec"]["automountServiceAccountToken"]
    ]
    assert with_token == ["nh-notehouse-hub"]
    (role,) = rendered.of_kind("Role")
    rights = {resource: set(rule["verbs"]) for rule in role["rules"] for resource in rule["resources"]}
    assert rights == {
        "pods": {"get", "list", "watch", "create", "delete"},
        "persistentvolumeclaims": {"get", "list", "watch", "create"},
        "events": {"get", "list", "watch"},
    }
    assert not rendered.of_kind("ClusterRole")


def pods_and_names(rendered: Rendered) -> list[tuple[str, dict[str, Any]]]:
    return list(rendered.pods().items())


def test_nobody_is_root_and_nothing_is_writable_but_what_must_be(form: dict[str, Any]) -> None:
    for name, pod in pods_and_names(render(form)):
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert security["runAsUser"] >= 100, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["spec"]["enableServiceLinks"] is False, name
        for container in pod["spec"]["containers"]:
            inside = container["securityContext"]
            assert inside["readOnlyRootFilesystem"] is True, name
            assert inside["allowPrivilegeEscalation"] is False, name
            assert inside["capabilities"] == {"drop": ["ALL"]}, name


def test_a_drained_node_takes_one_of_each_and_waits_for_nobody() -> None:
    rendered = render(forms.EVERYTHING)
    selectors = [one["spec"]["selector"]["matchLabels"] for one in rendered.of_kind("PodDisruptionBudget")]
    guarded = {one["app.kubernetes.io/component"] for one in selectors}
    running = {
        one["metadata"]["labels"]["app.kubernetes.io/component"] for one in rendered.of_kind("Deployment")
    }
    assert guarded == running
    assert all(one["spec"]["maxUnavailable"] == 1 for one in rendered.of_kind("PodDisruptionBudget"))
