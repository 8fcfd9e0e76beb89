"""The chart, rendered by Helm's own library: every document of a form of values, checked against Kubernetes' schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "helm" / "notehouse"
KUBERNETES = ("1.33", "1.37")  # the oldest that is still looked after, and the newest that is known

Document = dict[str, Any]
Values = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """What an install would send to the cluster."""

    documents: tuple[Document, ...]

    def of_kind(self, kind: str) -> list[Document]:
        return [one for one in self.documents if one["kind"] == kind]

    def named(self, kind: str, name: str) -> Document:
        (found,) = (one for one in self.of_kind(kind) if one["metadata"]["name"] == name)
        return found

    def pods(self) -> dict[str, Document]:
        """Every pod template, by the name of what makes the pod."""
        makers = ("Deployment", "StatefulSet", "Job")
        return {
            one["metadata"]["name"]: one["spec"]["template"]
            for one in self.documents
            if one["kind"] in makers
        }

    def environment(self, component: str) -> dict[str, Any]:
        """What the one container of a component finds: values, and for secrets where they come from."""
        (container,) = self.pods()[f"nh-notehouse-{component}"]["spec"]["containers"]
        return {one["name"]: one.get("value", one.get("valueFrom")) for one in container.get("env", [])}


@cache
def _chart() -> helm_python.Chart:
    return helm_python.Chart.load(FOLDER)


def render(values: Values, *, install: bool = True) -> Rendered:
    """Render; raises helm_python.HelmError when values are refused."""
    chart = _chart()
    chart.validate_schema(values)
    files = chart.render(values, name="nh", namespace="house", is_install=install, is_upgrade=not install)
    return Rendered(tuple(_documents(files)))


def _documents(files: dict[str, str]) -> Iterator[Document]:
    for name, text in sorted(files.items()):
        if name.endswith(".yaml"):
            yield from filter(None, yaml.safe_load_all(text))


def check(document: Document) -> None:
    """Validate against Kubernetes' own schemas; unknown fields are refused."""
    _check(json.dumps(document, sort_keys=True))


@cache
def _check(text: str) -> None:
    for version in KUBERNETES:
        kubernetes_validate.validate(json.loads(text), version, strict=True)
