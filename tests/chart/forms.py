"""The forms that the chart is meant for, as values; a few lines each, as an operator would write them."""

from __future__ import annotations

from typing import Any

PUBLIC = {"publicUrl": "https://notehouse.example.org"}
EXTERNAL: dict[str, Any] = {
    **PUBLIC,
    "postgres": {"existingSecret": "house-postgres"},
    "clickhouse": {
        "url": "https://clickhouse.example.org:8443",
        "user": "notehouse",
        "existingSecret": "house-clickhouse",
    },
    "artifacts": {"url": "s3://notehouse/artifacts", "keyId": "house", "existingSecret": "house-s3"},
}
SMALL: dict[str, Any] = {
    **PUBLIC,
    "subdomains": False,
    "postgres": {"inCluster": {"enabled": True}},
    "clickhouse": {"inCluster": {"enabled": True}},
    "artifacts": {"volume": {"enabled": True, "accessModes": ["ReadWriteOnce"]}},
}
OIDC: dict[str, Any] = {
    **EXTERNAL,
    "oidc": {
        "issuer": "https://login.example.org/realms/house",
        "clientId": "notehouse",
        "existingSecret": "house-oidc",
    },
}
INGRESS: dict[str, Any] = {
    **EXTERNAL,
    "subdomains": False,
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "house-tls"},
}
SUBDOMAINS: dict[str, Any] = {
    **EXTERNAL,
    "subdomains": True,
    "ingress": {"enabled": True, "tlsSecret": "house-wildcard-tls"},
}
# Values that the chart puts into a Secret of its own: each a word that must appear nowhere else.
SECRETS_IN_VALUES: dict[str, Any] = {
    **PUBLIC,
    "postgres": {
        "url": "postgresql+psycopg://app:canary-app@db/notehouse",
        "ownerUrl": "postgresql+psycopg://owner:canary-owner@db/notehouse",
        "hubUrl": "postgresql+psycopg://hub:canary-hub@db/hub",
    },
    "clickhouse": {"url": "https://clickhouse.example.org:8443", "password": "canary-clickhouse"},
    "artifacts": {"url": "s3://notehouse/artifacts", "keyId": "house", "secret": "canary-s3"},
    "oidc": {
        "issuer": "https://login.example.org",
        "clientId": "notehouse",
        "clientSecret": "canary-oidc",
    },
    "mail": {"host": "mail.example.org", "user": "house", "password": "canary-mail"},
}
_BUSY: dict[str, Any] = {
    "replicas": 2,
    "autoscaling": {"enabled": True, "maxReplicas": 5, "cpuPercent": 60},
    "nodeSelector": {"pool": "house"},
    "tolerations": [{"key": "house", "operator": "Exists", "effect": "NoSchedule"}],
}
_PLACED = {"nodeSelector": _BUSY["nodeSelector"], "tolerations": _BUSY["tolerations"]}
EVERYTHING: dict[str, Any] = {
    **SECRETS_IN_VALUES,
    "subdomains": True,
    "trustedProxies": "10.0.0.0/8",
    "logLevel": "DEBUG",
    "images": {
        "repository": "registry.example.org/notehouse",
        "tag": "1.2.3",
        "pullPolicy": "Always",
        "pullSecrets": ["registry"],
        "proxy": "registry.example.org/proxy:5",
    },
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "100m"},
        "tlsSecret": "house-tls",
    },
    "artifacts": {
        "url": "s3://notehouse/artifacts",
        "endpoint": "https://s3.example.org",
        "keyId": "house",
        "secret": "canary-s3",
    },
    "sourceHosts": "10.2.0.0/16",
    "webhookHosts": "hooks.internal:8443",
    "servers": {"homeClass": "fast", **_PLACED},
    **dict.fromkeys(("api", "queryGateway", "worker"), _BUSY),
    "dashboards": {**_BUSY, "pageTemplate": "/opt/house-template"},
    **dict.fromkeys(("proxy", "hub", "printer", "rights", "jobs"), _PLACED),
    "networkPolicy": {
        "fromIngress": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
        ],
        "fromMonitoring": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
        ],
        "to": {"postgres": [{"cidr": "10.1.0.0/16", "port": 5432}]},
    },
}
EVERYTHING_SMALL: dict[str, Any] = {
    **SMALL,
    "postgres": {
        "inCluster": {
            "enabled": True,
            "storageClass": "fast",
            "resources": {"requests": {"memory": "1Gi"}},
        }
    },
    "clickhouse": {
        "inCluster": {
            "enabled": True,
            "storageClass": "fast",
            "resources": {"requests": {"memory": "4Gi"}},
        }
    },
    "artifacts": {"volume": {"enabled": True, "storageClass": "shared"}},
    "networkPolicy": {"to": {"sources": [{"cidr": "10.2.0.0/16", "port": 5432}]}},
}
OWN_SECRETS: dict[str, Any] = {
    **EXTERNAL,
    "secrets": {"existingSecret": "house"},
    "artifacts": {"volume": {"enabled": True, "existingClaim": "house-artifacts"}},
    "networkPolicy": {"enabled": False},
}
ALL: dict[str, dict[str, Any]] = {
    "everything external": EXTERNAL,
    "small in-cluster": SMALL,
    "OIDC on": OIDC,
    "ingress with TLS": INGRESS,
    "subdomains": SUBDOMAINS,
    "secrets in values": SECRETS_IN_VALUES,
    "everything set": EVERYTHING,
    "everything set, in-cluster": EVERYTHING_SMALL,
    "own secrets, no policies": OWN_SECRETS,
}
