"""Who may speak with whom? What must flow does, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from chart import forms
from chart.chart import Document, Rendered, render

Flow = tuple[str, str, int]

# Everything inside a release, written down by hand: from, to, port.
FLOWS: set[Flow] = {
    ("proxy", "hub", 8002),
    ("proxy", "api", 8003),
    ("proxy", "query-gateway", 8004),
    ("proxy", "dashboards", 8005),
    ("proxy", "server", 8888),
    ("hub", "proxy", 8001),
    ("hub", "api", 8003),
    ("hub", "dashboards", 8005),
    ("hub", "server", 8888),
    ("hub", "kernel-gateway", 8888),
    ("api", "hub", 8002),
    ("api", "query-gateway", 8004),
    ("api", "printer", 8009),
    ("dashboards", "hub", 8002),
    ("dashboards", "api", 8003),
    ("dashboards", "kernel-gateway", 8888),
    ("worker", "api", 8003),
    ("worker", "query-gateway", 8004),
    ("worker", "kernel-gateway", 8888),
    ("worker", "printer", 8009),
    ("server", "hub", 8002),
    ("server", "api", 8003),
    ("server", "query-gateway", 8004),
    ("kernel-gateway", "hub", 8002),
    ("kernel-gateway", "api", 8003),
    ("kernel-gateway", "query-gateway", 8004),
}
DATA: set[Flow] = {
    *(
        (one, "postgres", 5432)
        for one in ("hub", "api", "query-gateway", "dashboards", "worker", "rights", "migrate")
    ),
    *((one, "clickhouse", 8123) for one in ("api", "query-gateway", "dashboards", "rights", "usage")),
}
CODE = ("server", "kernel-gateway")


def who(labels: dict[str, str]) -> str:
    """The component that labels select; everything of ours for the release as a whole."""
    assert labels["app.kubernetes.io/instance"] == "nh"
    if labels.get("notehouse/tier") == "code":
        return labels["notehouse/kind"]
    return labels.get("app.kubernetes.io/component", "*")


def policies(rendered: Rendered) -> dict[str, Document]:
    return {who(one["spec"]["podSelector"]["matchLabels"]): one for one in rendered.of_kind("NetworkPolicy")}


def inside(policy: Document, direction: str) -> set[tuple[str, int]]:
    """The pods of this release, with a port, that a policy names as its peers."""
    side = "from" if direction == "ingress" else "to"
    found = set()
    for rule in policy["spec"].get(direction) or []:
        for peer in rule.get(side, []):
            if "podSelector" in peer and "namespaceSelector" not in peer:
                (port,) = rule["ports"]
                found.add((who(peer["podSelector"]["matchLabels"]), port["port"]))
    return found


def flows(rendered: Rendered) -> tuple[set[Flow], set[Flow]]:
    """What senders may send, and what receivers take."""
    found = policies(rendered)
    sent = {(name, peer, port) for name, one in found.items() for peer, port in inside(one, "egress")}
    taken = {(peer, name, port) for name, one in found.items() for peer, port in inside(one, "ingress")}
    return sent, taken


def outside(policy: Document) -> set[int]:
    """Ports at which a policy lets pods out to networks."""
    return {
        rule["ports"][0]["port"]
        for rule in policy["spec"].get("egress") or []
        if any("ipBlock" in peer for peer in rule["to"])
    }


@pytest.mark.parametrize(
    ("form", "expected"),
    [(forms.EXTERNAL, FLOWS), (forms.SMALL, FLOWS | DATA)],
    ids=["external", "in-cluster"],
)
def test_both_ends_agree_on_what_flows_and_on_nothing_else(form: dict[str, Any], expected: set[Flow]) -> None:
    sent, taken = flows(render(form))
    assert sent == taken == expected


def test_what_no_policy_names_is_refused(form: dict[str, Any]) -> None:
    rendered = render(form)
    if "networkPolicy" in form and not form["networkPolicy"].get("enabled", True):
        assert not rendered.of_kind("NetworkPolicy")
        return
    found = policies(rendered)
    everyone = found.pop("*")
    assert everyone["spec"].keys() == {"podSelector", "policyTypes"}
    assert all(one["spec"]["policyTypes"] == ["Ingress", "Egress"] for one in [everyone, *found.values()])
    components = {
        pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in rendered.pods().values()
    }
    assert components <= set(found)


def test_code_of_people_reaches_three_services_and_names_and_nothing_else(form: dict[str, Any]) -> None:
    rendered = render(form)
    for kind in CODE:
        policy = policies(rendered).get(kind)
        if policy is None:
            assert not rendered.of_kind("NetworkPolicy")
            continue
        assert inside(policy, "egress") == {("hub", 8002), ("api", 8003), ("query-gateway", 8004)}
        assert outside(policy) == set()
        rules = policy["spec"]["egress"]
        (names,) = [rule for rule in rules if {port["port"] for port in rule["ports"]} == {53}]
        (peer,) = names["to"]
        assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "kube-system"}
        assert peer["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}
        assert len(rules) == 4


def test_nobody_but_the_proxy_is_open_to_the_outside(form: dict[str, Any]) -> None:
    for name, policy in policies(render(form)).items():
        for rule in policy["spec"].get("ingress") or []:
            open_to_all = not rule.get("from")
            assert not open_to_all or (name == "proxy" and rule["ports"][0]["port"] == 8000), name


def test_the_printer_reaches_nothing_not_even_names() -> None:
    assert not policies(render(forms.EVERYTHING))["printer"]["spec"].get("egress")


def test_who_leaves_the_cluster_and_for_what() -> None:
    found = {name: outside(policy) for name, policy in policies(render(forms.EXTERNAL)).items()}
    assert {name: ports for name, ports in found.items() if ports} == {
        "hub": {5432, 443, 6443},
        "api": {5432, 8123, 8443, 443},
        "query-gateway": {5432, 8123, 8443},
        "dashboards": {5432, 8123, 8443, 443},
        "worker": {5432, 443, 8443},
        "rights": {5432, 8123, 8443},
        "migrate": {5432},
        "usage": {8123, 8443},
    }


def test_metrics_are_for_who_is_named_and_the_ingress_may_be_the_only_one() -> None:
    found = policies(render(forms.EVERYTHING))
    monitored = {
        name: rule["ports"][0]["port"]
        for name, policy in found.items()
        for rule in policy["spec"].get("ingress") or []
        if any(_namespace(peer) == "monitoring" for peer in rule.get("from", []))
    }
    assert monitored == {
        "proxy": 8008,
        "hub": 8002,
        "api": 8003,
        "query-gateway": 8004,
        "dashboards": 8005,
        "worker": 8007,
        "printer": 8009,
        "rights": 8010,
    }
    (public,) = [rule for rule in found["proxy"]["spec"]["ingress"] if rule["ports"][0]["port"] == 8000]
    assert [_namespace(peer) for peer in public["from"]] == ["ingress-nginx"]


def _namespace(peer: dict[str, Any]) -> str | None:
    labels = peer.get("namespaceSelector", {}).get("matchLabels", {})
    name: str | None = labels.get("kubernetes.io/metadata.name")
    return name
