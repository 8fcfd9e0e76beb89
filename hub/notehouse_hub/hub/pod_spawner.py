"""Starts servers as pods under Kubernetes: one a person, one a kernel gateway, each with nothing of ours but a token."""

from __future__ import annotations

from typing import Any, ClassVar

from kubespawner import KubeSpawner
from traitlets import Instance, Unicode

from notehouse_core.pods import PodSize
from notehouse_core.settings import Settings
from notehouse_hub.hub.roles import is_gateway
from notehouse_hub.hub.servers import DROPPED, command, environment

HOME = "/home/notehouse"
TIER, KIND = "notehouse/tier", "notehouse/kind"
SERVER, GATEWAY = "server", "kernel-gateway"
_HARDENED: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}
# What a server may find in its environment beside the Hub's own JUPYTERHUB_*.
ALLOWED = frozenset(
    {
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
)


def configure_pods(c: Any, settings: Settings) -> None:
    """Set what all pods share; what differs between people and gateways is decided for each server."""
    pods, spawner = settings.pods, c.PodSpawner
    spawner.settings = settings
    spawner.image = pods.image
    spawner.image_pull_policy = pods.pull_policy
    spawner.image_pull_secrets = list(pods.pull_secrets)
    spawner.pod_name_template = f"{pods.name}-server-{{user_server}}"
    spawner.pvc_name_template = f"{pods.name}-home-{{user_server}}"
    # The Hub finds its pods again by this label: one for both kinds, and none of another release's.
    spawner.component_label = f"{pods.name}-server"
    # Network policies select pods by these; KubeSpawner's own would replace them.
    spawner.common_labels = {"app.kubernetes.io/managed-by": "kubespawner", **pods.labels}
    spawner.delete_pvc = False  # work outlives the account that made it
    spawner.node_selector = dict(pods.node_selector)
    spawner.tolerations = list(pods.tolerations)
    spawner.automount_service_account_token = False
    spawner.extra_pod_config = {"enableServiceLinks": False, "terminationGracePeriodSeconds": 15}
    spawner.uid = spawner.gid = spawner.fs_gid = pods.uid
    spawner.container_security_context = dict(_HARDENED)
    spawner.pod_security_context = {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroupChangePolicy": "OnRootMismatch",
    }
    spawner.storage_capacity = pods.home_size
    spawner.storage_access_modes = ["ReadWriteOnce"]
    if pods.home_class:
        spawner.storage_class = pods.home_class


class PodSpawner(KubeSpawner):  # type: ignore[misc]
    """A pod with a home that lasts for a person, one with an empty home for a kernel gateway."""

    settings = Instance(Settings).tag(config=True)
    address = Unicode(help="Where the server listens, beside the proxy: what callers of a kernel gateway use")
    env_keep: ClassVar[list[str]] = []  # nothing of the Hub's own environment

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        gateway = is_gateway(self.user.name)
        pods = self.settings.pods
        self.extra_labels = {TIER: "code", KIND: GATEWAY if gateway else SERVER}
        self.cmd = command("python", self.user.name, self.settings)
        self.notebook_dir = HOME
        self.environment = self._own_environment()
        self._set_size(pods.gateway if gateway else pods.server)
        self._set_volumes(lasting=not gateway)

    def _own_environment(self) -> dict[str, str]:
        given = {"HOME": HOME, "SHELL": "/bin/bash", "LANG": "C.UTF-8", "TZ": "UTC"}
        # Names are written out, not as templates: braces in a name must stay what they are.
        return given | {"USER": "notehouse", "LOGNAME": "notehouse"} | environment(self.settings)

    def _set_size(self, size: PodSize) -> None:
        self.cpu_guarantee, self.cpu_limit = size.cpu_request, size.cpu_limit
        self.mem_guarantee, self.mem_limit = size.memory_request, size.memory_limit

    def _set_volumes(self, *, lasting: bool) -> None:
        scratch = {"emptyDir": {"sizeLimit": self.settings.pods.scratch_size}}
        home = {"persistentVolumeClaim": {"claimName": self.pvc_name}} if lasting else scratch
        self.storage_pvc_ensure = lasting
        self.volumes = [{"name": "home", **home}, {"name": "tmp", **scratch}]
        self.volume_mounts = [
            {"name": "home", "mountPath": HOME},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own
        ]

    async def start(self) -> str:
        """Start the pod and return its address."""
        self.address = str(await super().start())
        return self.address

    def get_env(self) -> dict[str, Any]:
        """Return the server's whole environment: names on a list, and what the Hub tells its servers."""
        environment: dict[str, Any] = super().get_env()
        return {name: value for name, value in environment.items() if _is_allowed(name)}

    def get_state(self) -> dict[str, Any]:
        """Return what a Hub that starts again, and callers of a kernel gateway, need to find the server."""
        return {**super().get_state(), "address": self.address}

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the server of an earlier Hub."""
        super().load_state(state)
        self.address = state.get("address", "")

    def clear_state(self) -> None:
        """Forget a server that has ended."""
        super().clear_state()
        self.address = ""


def _is_allowed(name: str) -> bool:
    return name in ALLOWED or (name.startswith("JUPYTERHUB_") and name not in DROPPED)
