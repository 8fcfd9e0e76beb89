"""What does a pod look like that runs people's code? Read from NOTEHOUSE_PODS, one JSON object."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class PodSize(BaseModel):
    """How much of a node a pod is promised, and where it ends. CPU in cores, memory like `2G`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu_request: float = Field(default=0.1, ge=0)
    cpu_limit: float = Field(default=2.0, gt=0)
    memory_request: str = "512M"
    memory_limit: str = "2G"


class Pods(BaseModel):
    """The pods of people's servers and of kernel gateways."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str = ""
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    name: str = Field(default="notehouse", description="begins every pod's name")
    labels: dict[str, str] = Field(default_factory=dict, description="on every pod, and on homes")
    uid: int = Field(default=20_000, ge=1_000, description="the Unix user in each pod, never root")
    server: PodSize = PodSize()
    gateway: PodSize = PodSize(memory_limit="4G")
    home_size: str = Field(default="10Gi", description="size of a person's home, which outlives the server")
    home_class: str = Field(default="", description="storage class of homes; empty: the cluster's own")
    scratch_size: str = Field(default="2Gi", description="size of /tmp, and of a gateway's home")
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[dict[str, Any], ...] = ()
