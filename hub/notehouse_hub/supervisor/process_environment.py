"""What does each process find in its environment? Exactly what it needs, never ours as a whole."""

import json
import os
from pathlib import Path

from notehouse_hub.embedded import postgres_roles
from notehouse_hub.supervisor.environment import open_to_all
from notehouse_hub.supervisor.platform import Platform

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def common(platform: Platform, process: str) -> dict[str, str]:
    """Return what every process gets: where programs are, its language, its own folder."""
    places = [platform.python.parent, platform.node.parent, "/usr/local/bin", "/usr/bin", "/bin"]
    home = str(platform.folders.home(process))
    return {
        "PATH": os.pathsep.join(str(place) for place in places),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "TZ": os.environ.get("TZ", "UTC"),
        "HOME": home,
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108 - the system's own default
        "PYTHONUNBUFFERED": "1",
        **_certificates(platform),
    }


def _certificates(platform: Platform) -> dict[str, str]:
    """Pass the operator's certificates on, where the process may read them."""
    found = {name: os.environ[name] for name in _CERTIFICATES if os.environ.get(name)}
    if not platform.users.root:
        return found
    return {name: path for name, path in found.items() if open_to_all(Path(path), execute=False)}


def _settings(platform: Platform) -> dict[str, str]:
    """Return the settings that are no secret and that all our own Python processes share."""
    return {
        "NOTEHOUSE_DATA": str(platform.folders.data),
        "NOTEHOUSE_HOST": platform.settings.host,
        "NOTEHOUSE_PORT": str(platform.ports.public),
        "NOTEHOUSE_PUBLIC_URL": platform.settings.public_url,
        "NOTEHOUSE_UID_BASE": str(platform.users.base),
        "NOTEHOUSE_ISOLATE": json.dumps(platform.users.isolated),
        "NOTEHOUSE_CODE_PYTHON": str(platform.python),
        "NOTEHOUSE_HUB_API_URL": platform.settings.hub_api,
        "NOTEHOUSE_API_URL": platform.settings.api,
        "NOTEHOUSE_QUERY_URL": platform.settings.query,
        "NOTEHOUSE_LOG_LEVEL": platform.settings.log_level,
        "NOTEHOUSE_VERIFY_KEYS_FILE": str(platform.folders.data / "keys" / "verify-keys.json"),
    }


def _artifacts(platform: Platform) -> dict[str, str]:
    """Return where artifacts are kept, with the keys of object storage for those who keep them."""
    settings = platform.settings
    if "://" not in settings.artifacts:
        return {"NOTEHOUSE_ARTIFACTS": str(settings.artifact_folder)}
    secret = settings.s3_secret.get_secret_value() if settings.s3_secret else ""
    return {
        "NOTEHOUSE_ARTIFACTS": settings.artifacts,
        "NOTEHOUSE_S3_ENDPOINT": settings.s3_endpoint,
        "NOTEHOUSE_S3_KEY_ID": settings.s3_key_id,
        "NOTEHOUSE_S3_SECRET": secret,
    }


def _database(platform: Platform) -> dict[str, str]:
    return {"NOTEHOUSE_DATABASE_URL": platform.database_urls.app}


def _clickhouse(platform: Platform) -> dict[str, str]:
    account = {
        "NOTEHOUSE_CLICKHOUSE_USER": platform.settings.clickhouse_user,
        "NOTEHOUSE_CLICKHOUSE_PASSWORD": platform.settings.clickhouse_password.get_secret_value(),
    }
    return {
        "NOTEHOUSE_CLICKHOUSE_URL": platform.clickhouse_url,
        "NOTEHOUSE_CLICKHOUSE_KEY": platform.clickhouse_key,
        **({} if platform.has_clickhouse else account),
    }


def _hub_service(platform: Platform, service: str, *, prefix: str = "") -> dict[str, str]:
    """Return what a service needs to speak with the Hub as itself."""
    token = platform.vault.service_token(service)
    return {
        "NOTEHOUSE_HUB_TOKEN": token,
        "JUPYTERHUB_API_TOKEN": token,
        "JUPYTERHUB_API_URL": platform.settings.hub_api,
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_SERVICE_NAME": service,
        "JUPYTERHUB_CLIENT_ID": f"service-{service}",
        **({"JUPYTERHUB_SERVICE_PREFIX": prefix} if prefix else {}),
    }


def migrate(platform: Platform) -> dict[str, str]:
    """Migrations: the owner of the schema."""
    owner = {"NOTEHOUSE_DATABASE_OWNER_URL": platform.database_urls.owner}
    return {**common(platform, "migrate"), **_settings(platform), **owner}


def demo(platform: Platform, passwords: dict[str, str]) -> dict[str, str]:
    """Sample data and demo accounts: both databases, and the accounts' passwords."""
    environment = {**common(platform, "demo"), **_settings(platform), **_database(platform)}
    environment |= _artifacts(platform)
    environment |= _metadata_demo(platform)
    environment["NOTEHOUSE_KAFKA_BROKERS"] = platform.settings.kafka_brokers
    return {**environment, **_clickhouse(platform), "NOTEHOUSE_DEMO_PASSWORDS": json.dumps(passwords)}


def _metadata_demo(platform: Platform) -> dict[str, str]:
    """Return where the demo's tables in Postgres are; with engines of the operator's own, where the operator says."""
    settings = platform.settings
    if platform.has_postgres and platform.has_clickhouse:
        owner = platform.demo_database_url(postgres_roles.DEMO)
        reader = platform.demo_database_url(postgres_roles.DEMO_READER)
    elif settings.metadata_demo_url and settings.metadata_demo_reader_url:
        owner = settings.metadata_demo_url.get_secret_value()
        reader = settings.metadata_demo_reader_url.get_secret_value()
    else:
        return {}
    return {"NOTEHOUSE_METADATA_DEMO_URL": owner, "NOTEHOUSE_METADATA_DEMO_READER_URL": reader}


def usage(platform: Platform) -> dict[str, str]:
    """Usage analytics: ClickHouse as its administrator."""
    days = {"NOTEHOUSE_USAGE_DAYS": str(platform.settings.usage_days)}
    return {**common(platform, "usage"), **_settings(platform), **_clickhouse(platform), **days}


def proxy(platform: Platform) -> dict[str, str]:
    """The proxy: the token of its API."""
    return {**common(platform, "proxy"), "CONFIGPROXY_AUTH_TOKEN": platform.vault.text("proxy-token")}


def hub(platform: Platform) -> dict[str, str]:
    """The Hub: its database, our accounts, the tokens of all services."""
    vault = platform.vault
    return {
        **common(platform, "hub"),
        **_settings(platform),
        **_database(platform),
        "NOTEHOUSE_HUB_DATABASE_URL": platform.database_urls.hub,
        "NOTEHOUSE_SERVICE_TOKENS": json.dumps(vault.service_tokens()),
        "NOTEHOUSE_PROXY_TOKEN": vault.text("proxy-token"),
        "NOTEHOUSE_COOKIE_SECRET": vault.text("cookie-secret"),
        "NOTEHOUSE_AUTH_REFRESH_SECONDS": str(platform.settings.auth_refresh_seconds),
        **_culling(platform),
        **_accounts(platform),
        **_openid(platform),
        "NOTEHOUSE_KERNELS_PER_GATEWAY": str(platform.settings.kernels_per_gateway),
    }


def _accounts(platform: Platform) -> dict[str, str]:
    """Return what checks and changes local accounts."""
    breached = platform.settings.breached_passwords
    given = {"NOTEHOUSE_BREACHED_PASSWORDS": str(breached)} if breached else {}
    return {"NOTEHOUSE_ACCOUNT_KEY": platform.vault.text("account-key"), **given}


def _openid(platform: Platform) -> dict[str, str]:
    """Return how people log in through a provider, as the operator has set it."""
    settings = platform.settings
    if not settings.oidc_issuer:
        return {}
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else ""
    return {
        "NOTEHOUSE_OIDC_ISSUER": settings.oidc_issuer,
        "NOTEHOUSE_OIDC_CLIENT_ID": settings.oidc_client_id,
        "NOTEHOUSE_OIDC_CLIENT_SECRET": secret,
        "NOTEHOUSE_OIDC_NAME": settings.oidc_name,
        "NOTEHOUSE_OIDC_GROUPS_CLAIM": settings.oidc_groups_claim,
        "NOTEHOUSE_OIDC_PATTERN": settings.oidc_pattern,
        "NOTEHOUSE_OIDC_SCOPES": settings.oidc_scopes,
        "NOTEHOUSE_AUTH_STATE_KEY": platform.vault.text("auth-state-key"),
    }


def _culling(platform: Platform) -> dict[str, str]:
    """Return for how long servers and kernels may be idle."""
    settings = platform.settings
    return {
        "NOTEHOUSE_CULL_IDLE_SECONDS": str(settings.cull_idle_seconds),
        "NOTEHOUSE_CULL_KERNEL_SECONDS": str(settings.cull_kernel_seconds),
        "NOTEHOUSE_CULL_GATEWAY_SECONDS": str(settings.cull_gateway_seconds),
    }


def culler(platform: Platform) -> dict[str, str]:
    """The culler: a token that sees servers and ends them, and nothing else."""
    return {
        **common(platform, "culler"),
        "NOTEHOUSE_HUB_API_URL": platform.settings.hub_api,
        "NOTEHOUSE_HUB_TOKEN": platform.vault.service_token("culler"),
        "NOTEHOUSE_LOG_LEVEL": platform.settings.log_level,
        **_culling(platform),
    }


def api(platform: Platform) -> dict[str, str]:
    """The API: both databases, the key that signs execution tokens, and those that seal secrets."""
    return {
        **common(platform, "api"),
        **_artifacts(platform),
        **_settings(platform),
        **_database(platform),
        **_clickhouse(platform),
        **_hub_service(platform, "notehouse", prefix="/services/notehouse/"),
        **_printing(platform),
        **_accounts(platform),
        "NOTEHOUSE_SESSION_KEY": platform.vault.text("session-key"),
        "NOTEHOUSE_WEBHOOK_KEY": platform.vault.text("webhook-key"),
        "NOTEHOUSE_SECRET_KEYS_FILE": str(platform.source_keys),
        "NOTEHOUSE_SOURCE_HOSTS": platform.settings.source_hosts,
        "NOTEHOUSE_INTERACTIVE_TOKEN_SECONDS": str(platform.settings.interactive_token_seconds),
        "NOTEHOUSE_SIGNING_KEY_FILE": str(platform.folders.data / "keys" / "signing-key.pem"),
        "NOTEHOUSE_NOTEBOOK_BYTES": str(platform.settings.notebook_bytes),
        "NOTEHOUSE_REQUESTS_A_MINUTE": str(platform.settings.requests_a_minute),
        "NOTEHOUSE_TENANT_REQUESTS_A_MINUTE": str(platform.settings.tenant_requests_a_minute),
    }


def printer(platform: Platform) -> dict[str, str]:
    """The printer: its port and its callers' key."""
    return {
        **common(platform, "printer"),
        "NOTEHOUSE_PORT": str(platform.ports.public),
        "NOTEHOUSE_LOG_LEVEL": platform.settings.log_level,
        **_printing(platform),
    }


def _printing(platform: Platform) -> dict[str, str]:
    return {"NOTEHOUSE_PRINTER_KEY": platform.vault.text("printer-key")}


def query_gateway(platform: Platform) -> dict[str, str]:
    """The query gateway: both databases, and the secret from which classes' passwords come."""
    return {
        **common(platform, "query-gateway"),
        **_settings(platform),
        **_database(platform),
        **_clickhouse(platform),
        "NOTEHOUSE_CLASS_SECRET": platform.vault.text("class-secret"),
    }


def rights(platform: Platform) -> dict[str, str]:
    """The writer of rights: who may read what, ClickHouse as its administrator, and what classes' passwords come from."""
    file = platform.settings.clickhouse_users_file
    return {
        **common(platform, "rights"),
        **_settings(platform),
        **_database(platform),
        **_clickhouse(platform),
        "NOTEHOUSE_CLASS_SECRET": platform.vault.text("class-secret"),
        **({"NOTEHOUSE_CLICKHOUSE_USERS_FILE": str(file)} if file else {}),
    }


def dashboards(platform: Platform) -> dict[str, str]:
    """The dashboard server: metadata, the key of frame tokens, and where events of usage go."""
    template = platform.settings.page_template
    return {
        **common(platform, "dashboards"),
        **_artifacts(platform),
        **_settings(platform),
        **_database(platform),
        **_clickhouse(platform),
        **_hub_service(platform, "dashboards", prefix="/services/dashboards/"),
        "NOTEHOUSE_FRAME_KEY": platform.vault.text("frame-key"),
        "NOTEHOUSE_LIVE_KERNELS_PER_USER": str(platform.settings.live_kernels_per_user),
        "NOTEHOUSE_CELL_TIMEOUT_SECONDS": str(platform.settings.cell_timeout_seconds),
        **({"NOTEHOUSE_PAGE_TEMPLATE": str(template)} if template else {}),
    }


def worker(platform: Platform) -> dict[str, str]:
    """The scheduler's worker: metadata and queue, the mail server, the key that webhooks are signed with."""
    return {
        **common(platform, "worker"),
        **_artifacts(platform),
        **_settings(platform),
        **_database(platform),
        **_hub_service(platform, "scheduler"),
        **_messages(platform),
        **_printing(platform),
        "NOTEHOUSE_WEBHOOK_KEY": platform.vault.text("webhook-key"),
        "NOTEHOUSE_CONCURRENT_RUNS": str(platform.settings.concurrent_runs),
        "NOTEHOUSE_CELL_TIMEOUT_SECONDS": str(platform.settings.cell_timeout_seconds),
    }


def _messages(platform: Platform) -> dict[str, str]:
    """Return how messages leave this house, as the operator has set it."""
    settings = platform.settings
    given = {
        "NOTEHOUSE_SMTP_HOST": settings.smtp_host,
        "NOTEHOUSE_SMTP_PORT": str(settings.smtp_port),
        "NOTEHOUSE_SMTP_SECURITY": settings.smtp_security,
        "NOTEHOUSE_SMTP_USER": settings.smtp_user,
        "NOTEHOUSE_MAIL_FROM": settings.mail_from,
        "NOTEHOUSE_WEBHOOK_HOSTS": settings.webhook_hosts,
    }
    if settings.smtp_password is not None:
        given["NOTEHOUSE_SMTP_PASSWORD"] = settings.smtp_password.get_secret_value()
    return given
