"""Images: built from files that exist, with the extras that their processes need.

No image is built here: that needs a container engine.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chart import forms
from chart.chart import CHECKOUT, render

IMAGES = CHECKOUT / "helm" / "images"
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
OURS = (
    "notehouse_core",
    "notehouse_hub",
    "notehouse_dashboards",
    "notehouse_scheduler",
    "notehouse_gateway",
    "notehouse_sql",
    "notehouse_lab",
)
# What is started in each image; the server's are the Hub's to start.
ENTRIES = {
    "hub": [
        "notehouse_hub.hub.__main__",
        "notehouse_hub.hub.configuration",
        "notehouse_hub.hub.pod_spawner",
        "notehouse_hub.service.__main__",
        "notehouse_hub.service.query_gateway.__main__",
        "notehouse_hub.rights.__main__",
        "notehouse_hub.usage.__main__",
        "notehouse_core.store.migrate",
    ],
    "dashboards": ["notehouse_dashboards.__main__"],
    "worker": ["notehouse_scheduler.__main__", "notehouse_scheduler.run_child"],
    "printer": ["notehouse_hub.printer.__main__"],
    "server": [
        "notehouse_gateway.app",
        "notehouse_gateway.lab_server",
        "notehouse_gateway.server_extension",
        "notehouse_lab",
        "notehouse_sql",
    ],
}


def dockerfile(image: str) -> str:
    return (IMAGES / image / "Dockerfile").read_text().replace("\\\n", " ")


def extras(image: str) -> set[str]:
    return set(re.findall(r"--extra (\S+)", dockerfile(image)))


def test_there_is_a_dockerfile_for_every_image_that_the_chart_names() -> None:
    rendered = render(forms.EXTERNAL)
    wanted = {
        container["image"] for pod in rendered.pods().values() for container in pod["spec"]["containers"]
    }
    wanted.add(re.findall(r'"image":"([^"]+)"', rendered.environment("hub")["NOTEHOUSE_PODS"])[0])
    ours = {match[1] for image in wanted if (match := re.fullmatch(r"notehouse-(\w+):.*", image))}
    assert ours == {one.name for one in IMAGES.iterdir()} == set(ENTRIES)


@pytest.mark.parametrize("image", ENTRIES)
def test_what_a_dockerfile_copies_is_there(image: str) -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile(image), re.M)
    sources = [source for line in copied for source in line.split()]
    assert {"pyproject.toml", "requirements.lock", "hub", "kernels", "scheduler"} <= set(sources)
    ignored = {line.rstrip("/") for line in (CHECKOUT / ".dockerignore").read_text().splitlines()}
    for source in sources:
        assert (CHECKOUT / source).exists(), source
        assert source not in ignored


@pytest.mark.parametrize("image", ENTRIES)
def test_a_dockerfile_names_extras_that_exist_and_users_that_the_chart_uses(image: str) -> None:
    assert extras(image) <= set(PROJECT["optional-dependencies"])
    assert extras(image)
    (user,) = re.findall(r"^USER (\d+)$", dockerfile(image), re.M)
    (made,) = re.findall(r"useradd --uid (\d+)", dockerfile(image))
    assert user == made == ("20000" if image == "server" else "10000")
    assert "--home-dir /home/notehouse" in dockerfile(image)


@pytest.mark.parametrize("image", ENTRIES)
def test_every_package_is_checked_against_the_lock(image: str) -> None:
    installs = re.findall(r"uv pip install [^&\n]+", dockerfile(image))
    assert all("requirements.lock" in one or one.rstrip().endswith(".") for one in installs)
    assert any("--require-hashes" in one for one in installs)


@pytest.mark.parametrize("image", ENTRIES)
def test_an_image_has_what_its_processes_import(image: str) -> None:
    missing = imported(ENTRIES[image]) - installed(frozenset(extras(image)))
    assert not missing, f"{missing} is imported, and in none of the extras {extras(image)}"


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*OURS, include_external_packages=True, cache_dir=None)


def imported(entries: list[str]) -> set[str]:
    """The distributions that modules import, with all modules of ours that those import."""
    seen, queue = set(), list(entries)
    while queue:
        module = queue.pop()
        if module in seen:
            continue
        seen.add(module)
        if module.partition(".")[0] in OURS:
            queue += graph().find_modules_directly_imported_by(module)
            queue.append(module.rpartition(".")[0] or module)  # a package is imported before its modules
    by_module = packages_distributions()
    outside = {module.partition(".")[0] for module in seen} - set(OURS)
    return {canonicalize_name(by_module[one][0]) for one in outside if one in by_module}


def installed(chosen: frozenset[str]) -> set[str]:
    """The distributions that these extras bring, and what those need."""
    wanted = [
        *PROJECT["dependencies"],
        *(one for name in chosen for one in PROJECT["optional-dependencies"][name]),
    ]
    found: set[str] = set()
    queue = [Requirement(one) for one in wanted]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if name in found or not applies:
            continue
        found.add(name)
        queue += needed_by(name, requirement.extras)
    return found


def needed_by(name: str, chosen: set[str]) -> list[Requirement]:
    try:
        needed = [Requirement(one) for one in distribution(name).requires or []]
    except PackageNotFoundError:
        return []
    return [
        one
        for one in needed
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *chosen))
    ]


def test_an_import_that_no_extra_brings_would_be_seen() -> None:
    assert "sqlalchemy" in imported(["notehouse_core.store.database"])
    assert "sqlalchemy" not in installed(frozenset())
