"""The pods of people's servers and kernel gateways, as the Hub of a rendered chart would make them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kubernetes_asyncio.client
import kubespawner.clients
import pytest
from traitlets.config import Config

from chart import forms
from chart.chart import check, render
from chart.test_network import CODE, policies, who
from chart.test_settings import data_of, plain
from notehouse_core.settings import Settings
from notehouse_hub.hub import configuration
from notehouse_hub.hub.pod_spawner import PodSpawner

PERSON, GATEWAY = "ann@corp.example", "nh-0123456789abcdef0123"
SERVERS_TOKEN = "the-token-that-the-hub-gives-this-server"
# What reaches a server: the Hub's own words to it, where data is, and what every process has.
EXPECTED = {
    "CPU_GUARANTEE",
    "CPU_LIMIT",
    "HOME",
    "LANG",
    "LOGNAME",
    "MEM_GUARANTEE",
    "MEM_LIMIT",
    "NOTEHOUSE_API_URL",
    "NOTEHOUSE_QUERY_URL",
    "SHELL",
    "TZ",
    "USER",
}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An address of a cluster, which making a manifest does not ask."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))
    monkeypatch.setattr(
        "kubernetes_asyncio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config")
    )
    kubespawner.clients.load_config.cache_clear()
    yield
    kubespawner.clients.load_config.cache_clear()


def hub_of(form: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Config:
    """The configuration of a rendered chart's Hub, from the environment that its pod would have."""
    rendered = render(form)
    for name, value in plain(rendered, "hub").items():
        monkeypatch.setenv(name, value)
    secrets = data_of(rendered)
    for name, source in rendered.environment("hub").items():
        if isinstance(source, dict):
            monkeypatch.setenv(name, secrets.get(source["secretKeyRef"]["key"], "canary-secret-of-the-hub"))
    config = Config()
    configuration.configure(config, Settings())
    return config


def spawner_of(config: Config, name: str) -> PodSpawner:
    user = SimpleNamespace(name=name, id=1, url=f"/user/{name}/", escaped_name=name)
    hub = SimpleNamespace(
        public_host="", base_url="/hub/", url="http://hub:8002/hub/", api_url="http://hub:8002/hub/api"
    )
    spawner = PodSpawner(config=config, user=user, hub=hub, _mock=True)
    spawner.api_token = SERVERS_TOKEN
    return spawner


async def manifest_of(spawner: PodSpawner) -> dict[str, Any]:
    pod = await spawner.get_pod_manifest()
    client = kubernetes_asyncio.client.ApiClient()
    manifest: dict[str, Any] = client.sanitize_for_serialization(pod)
    await client.close()
    return manifest


@pytest.fixture(params=[PERSON, GATEWAY], ids=["person", "kernel gateway"])
async def manifest(
    request: pytest.FixtureRequest, cluster: None, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    return await manifest_of(spawner_of(hub_of(forms.SECRETS_IN_VALUES, monkeypatch), request.param))


def environment(manifest: dict[str, Any]) -> dict[str, Any]:
    (container,) = manifest["spec"]["containers"]
    return {one["name"]: one.get("value") for one in container["env"]}


async def test_kubernetes_takes_the_pod(manifest: dict[str, Any]) -> None:
    check(manifest)


async def test_no_secret_of_ours_is_in_the_pod(
    manifest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (container,) = manifest["spec"]["containers"]
    assert "envFrom" not in container
    assert all("valueFrom" not in one for one in container["env"])
    kinds = {kind for volume in manifest["spec"]["volumes"] for kind in volume if kind != "name"}
    assert kinds <= {"emptyDir", "persistentVolumeClaim"}
    assert manifest["spec"]["automountServiceAccountToken"] is False
    given = environment(manifest)
    assert {name for name in given if not name.startswith("JUPYTERHUB_")} == EXPECTED
    assert given["JUPYTERHUB_API_TOKEN"] == SERVERS_TOKEN
    text = json.dumps(manifest)
    assert "canary" not in text
    assert not [one for one in data_of(render(forms.SMALL)).values() if one in text]


async def test_no_secret_of_the_hub_is_in_the_spawners_configuration_of_pods(
    cluster: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = hub_of(forms.SECRETS_IN_VALUES, monkeypatch)
    shared = {name: value for name, value in config.PodSpawner.items() if name != "settings"}
    assert "canary" not in repr(shared)
    assert "canary" not in repr(config.PodSpawner.settings)  # secrets hide in it, and pods get none of it


async def test_code_is_nobody_and_changes_nothing_but_its_home(manifest: dict[str, Any]) -> None:
    (container,) = manifest["spec"]["containers"]
    security = container["securityContext"]
    assert security["runAsUser"] == security["runAsGroup"] == 20_000
    assert security["runAsNonRoot"]
    assert security["readOnlyRootFilesystem"]
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert manifest["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert manifest["spec"]["enableServiceLinks"] is False
    assert [one["mountPath"] for one in container["volumeMounts"]] == ["/home/notehouse", "/tmp"]
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}


async def test_the_charts_policies_select_the_pod(manifest: dict[str, Any]) -> None:
    labels = manifest["metadata"]["labels"]
    found = policies(render(forms.SECRETS_IN_VALUES))
    selecting = [
        name
        for name, policy in found.items()
        if policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    ]
    assert sorted(selecting) == sorted(["*", who(labels)])
    assert who(labels) in CODE


async def test_a_person_keeps_a_home_and_a_gateway_begins_with_none(
    cluster: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = hub_of(forms.SECRETS_IN_VALUES, monkeypatch)
    person, gateway = spawner_of(config, PERSON), spawner_of(config, GATEWAY)
    homes = [(await manifest_of(one))["spec"]["volumes"][0] for one in (person, gateway)]
    assert homes[0]["persistentVolumeClaim"]["claimName"] == person.pvc_name
    assert homes[1]["emptyDir"] == {"sizeLimit": "2Gi"}
    assert (person.storage_pvc_ensure, gateway.storage_pvc_ensure) == (True, False)
    claim = kubernetes_asyncio.client.ApiClient().sanitize_for_serialization(person.get_pvc_manifest())
    check({**claim, "apiVersion": "v1", "kind": "PersistentVolumeClaim"})
    assert person.cmd[:3] == ["python", "-m", "notehouse_gateway.lab_server"]
    assert gateway.cmd[:3] == ["python", "-m", "notehouse_gateway.app"]
    # One label for both: the Hub watches all of its pods by it.
    assert person.component_label == gateway.component_label == "nh-notehouse-server"


async def test_braces_in_a_name_stay_what_they_are(cluster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    spawner = spawner_of(hub_of(forms.SECRETS_IN_VALUES, monkeypatch), "{username}")
    manifest = await manifest_of(spawner)
    check(manifest)
    assert environment(manifest)["JUPYTERHUB_USER"] == "{username}"


async def test_a_hub_that_starts_again_finds_the_address(
    cluster: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = hub_of(forms.SECRETS_IN_VALUES, monkeypatch)
    spawner = spawner_of(config, GATEWAY)
    spawner.address = "http://10.1.2.3:8888"
    later = spawner_of(config, GATEWAY)
    later.load_state(spawner.get_state())
    assert later.address == "http://10.1.2.3:8888"
    later.clear_state()
    assert later.get_state()["address"] == ""
    await asyncio.sleep(0)


def test_pods_need_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in plain(render(forms.EXTERNAL), "hub").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NOTEHOUSE_PODS", "{}")
    monkeypatch.setenv("NOTEHOUSE_DATABASE_URL", "postgresql+psycopg://nobody@localhost/x")
    monkeypatch.setenv("NOTEHOUSE_HUB_DATABASE_URL", "postgresql+psycopg://nobody@localhost/x")
    services = dict.fromkeys(("notehouse", "dashboards", "scheduler"), "t")
    secrets = configuration.HubSecrets(services, "p", b"c" * 32, "a")
    with pytest.raises(Exception, match="image"):
        configuration.configure(Config(), Settings(), secrets)
