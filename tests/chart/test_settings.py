"""What the chart passes is what processes read: names, values, ports and addresses."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from chart import forms
from chart.chart import Rendered, render
from notehouse_core.secret_keys import KeyRing
from notehouse_core.settings import Settings
from notehouse_core.tokens import Claims, Signer, Verifier
from notehouse_hub.hub.configuration import take_secrets
from notehouse_hub.supervisor import process_environment

# Read by the Hub's process alone, from its environment, and removed there.
HUB_SECRETS = {
    "NOTEHOUSE_SERVICE_TOKENS",
    "NOTEHOUSE_PROXY_TOKEN",
    "NOTEHOUSE_COOKIE_SECRET",
    "NOTEHOUSE_AUTH_STATE_KEY",
}
KNOWN = {f"NOTEHOUSE_{name.upper()}" for name in Settings.model_fields} | HUB_SECRETS
# What each process reads on one machine, by the function that makes its environment there.
ON_ONE_MACHINE = {
    "hub": process_environment.hub,
    "api": process_environment.api,
    "query-gateway": process_environment.query_gateway,
    "dashboards": process_environment.dashboards,
    "worker": process_environment.worker,
    "rights": process_environment.rights,
    "printer": process_environment.printer,
}


def names_in(rendered: Rendered) -> set[str]:
    return {
        one["name"]
        for pod in rendered.pods().values()
        for container in pod["spec"]["containers"]
        for one in container.get("env", [])
        if one["name"].startswith("NOTEHOUSE_")
    }


def unknown_in(rendered: Rendered) -> set[str]:
    return names_in(rendered) - KNOWN


def test_every_setting_that_is_passed_is_one_that_is_read(form: dict[str, Any]) -> None:
    assert unknown_in(render(form)) == set()


def test_a_typing_error_would_be_seen() -> None:
    rendered = render(forms.EXTERNAL)
    container = rendered.pods()["nh-notehouse-api"]["spec"]["containers"][0]
    container["env"].append({"name": "NOTEHOUSE_QUERRY_URL", "value": "http://typo"})
    assert unknown_in(rendered) == {"NOTEHOUSE_QUERRY_URL"}


@pytest.mark.parametrize("component", ON_ONE_MACHINE)
def test_no_setting_that_a_process_has_on_one_machine_is_missing(component: str) -> None:
    """The names that each function of `process_environment` spells out, those of the helpers it calls included."""
    source = Path(process_environment.__file__).read_text()
    given = {
        name for name in render(forms.EVERYTHING).environment(component) if name.startswith("NOTEHOUSE_")
    }
    missing = names_of(source, ON_ONE_MACHINE[component].__name__) - given - ONLY_ON_ONE_MACHINE
    if component not in {"api", "query-gateway"}:
        missing.discard("NOTEHOUSE_VERIFY_KEYS_FILE")  # told to everybody there, read by these two
    assert missing == set()


ONLY_ON_ONE_MACHINE = {
    "NOTEHOUSE_HOST",  # the proxy's own
    "NOTEHOUSE_UID_BASE",
    "NOTEHOUSE_ISOLATE",
    "NOTEHOUSE_CODE_PYTHON",
    "NOTEHOUSE_CLICKHOUSE_KEY",
    "NOTEHOUSE_CLICKHOUSE_USERS_FILE",
    "NOTEHOUSE_BREACHED_PASSWORDS",
}


def names_of(source: str, function: str) -> set[str]:
    body = re.search(rf"^def {function}\(.*?(?=^def |\Z)", source, re.M | re.S)
    assert body, function
    names = set(re.findall(r"\"(NOTEHOUSE_[A-Z0-9_]+)\"", body[0]))
    for called in set(re.findall(r"(_\w+)\(platform[,)]", body[0])):
        names |= names_of(source, called)
    return names


def plain(rendered: Rendered, component: str) -> dict[str, str]:
    return {name: value for name, value in rendered.environment(component).items() if isinstance(value, str)}


@pytest.mark.parametrize("component", [*ON_ONE_MACHINE, "usage"])
def test_settings_of_a_process_make_sense_to_it(component: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in plain(render(forms.EVERYTHING), component).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.log_level == "DEBUG"
    if component != "usage":
        assert settings.bind == "0.0.0.0"


def test_addresses_are_the_services_and_their_ports(
    form: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = render(form)
    for name, value in (plain(rendered, "api") | plain(rendered, "hub")).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    served = {one["metadata"]["name"]: one["spec"]["ports"][0]["port"] for one in rendered.of_kind("Service")}
    ports = {
        "hub": (settings.hub, settings.hub_port),
        "api": (settings.api_origin, settings.api_port),
        "query-gateway": (settings.query, settings.query_port),
        "dashboards": (settings.dashboards, settings.dashboards_port),
        "printer": (settings.printer, settings.printer_port),
        "proxy-api": (settings.proxy_api, settings.proxy_api_port),
    }
    for component, (address, port) in ports.items():
        name = f"nh-notehouse-{component}"
        assert address == f"http://{name}:{port}"
        assert served[name] == port
    assert served["nh-notehouse-proxy"] == settings.port


def data_of(rendered: Rendered) -> dict[str, str]:
    (secret,) = (
        one for one in rendered.of_kind("Secret") if one["metadata"]["name"] == "nh-notehouse-secret"
    )
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def test_every_secret_that_a_pod_wants_is_in_the_charts_own(form: dict[str, Any]) -> None:
    rendered = render(form)
    wanted = {
        (reference["name"], reference["key"])
        for component in rendered.pods()
        for value in rendered.environment(component.removeprefix("nh-notehouse-")).values()
        if isinstance(value, dict) and (reference := value["secretKeyRef"])
    }
    own = {key for name, key in wanted if name == "nh-notehouse-secret"}
    if "secrets" in form:
        assert not own
        return
    assert own <= set(data_of(rendered))


def test_secrets_that_the_chart_makes_are_ones_that_processes_take(tmp_path: Path) -> None:
    made = data_of(render(forms.EXTERNAL))
    environment = {
        "NOTEHOUSE_SERVICE_TOKENS": made["service-tokens"],
        "NOTEHOUSE_PROXY_TOKEN": made["proxy-token"],
        "NOTEHOUSE_COOKIE_SECRET": made["cookie-secret"],
        "NOTEHOUSE_ACCOUNT_KEY": made["account-key"],
        "NOTEHOUSE_AUTH_STATE_KEY": made["auth-state-key"],
    }
    secrets = take_secrets(environment)
    assert secrets.service_tokens["dashboards"] == made["service-dashboards"]
    assert len(secrets.auth_state_key) == 32
    for name in ("signing-key.pem", "verify-keys.pem"):
        (tmp_path / name).write_text(made[name])
    token = Signer.from_file(tmp_path / "signing-key.pem").sign(Claims("ann", "united", "c1", "interactive"))
    assert Verifier.from_file(tmp_path / "verify-keys.pem").verify(token, "query").subject == "ann"
    ring = KeyRing.read(made["source-keys.json"])
    assert ring.open(ring.seal(b"secret", b"here"), b"here") == b"secret"
    assert b"PRIVATE" not in (tmp_path / "verify-keys.pem").read_bytes()
    assert serialization.load_pem_private_key(made["signing-key.pem"].encode(), None)


def test_each_install_has_secrets_of_its_own() -> None:
    first, second = data_of(render(forms.SMALL)), data_of(render(forms.SMALL))
    assert not {key for key in first if first[key] == second[key]}
