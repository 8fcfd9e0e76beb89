"""A person's JupyterLab server, as the Hub starts it: `python -m notehouse_gateway.lab_server`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from notehouse_core.left_out import leave_out
from notehouse_core.logs import jupyter_logging
from notehouse_core.paths import shared
from notehouse_gateway.hardening import deny_inspection

GUIDES = ("guide", "examples")
CONFIG = {
    "ServerApp.kernel_spec_manager_class": "notehouse_gateway.kernelspecs.OneKernelSpec",
    "MultiKernelManager.default_kernel_name": "notehouse",
    # Their sockets are in a private folder; keys as well, should anybody give kernels another transport.
    "AsyncMappingKernelManager.transport_encryption": "required",
    # Looking for language servers would start node at every start.
    "LanguageServerManager.autodetect": "False",
    "LabApp.extension_manager": "readonly",
    "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "LabApp.news_url": "None",
    # How soon a right that was taken away ends access to this server.
    "HubOAuth.cache_max_age": "60",
}


def settle_in(home: Path, notebooks: Path) -> None:
    """Copy the guide into a home that does not have it yet; what its owner made of it is never touched."""
    for name in GUIDES:
        source, target = notebooks / name, home / name
        if source.is_dir() and not target.exists():
            shutil.copytree(source, target, copy_function=_copy_text)


def _copy_text(source: str, target: str) -> None:
    """Copy contents only: modes of a read-only original would lock its new owner out."""
    shutil.copyfile(source, target)


def config_folder() -> Path | None:
    """Return the checkout's folder of Jupyter configuration; None when it is installed with the package."""
    checkout = Path(__file__).resolve().parent.parent / "config"
    return checkout if checkout.is_dir() else None


def arguments() -> list[str]:
    """Return the server's command line."""
    values = {
        **CONFIG,
        "Application.logging_config": str(jupyter_logging()),
        "LabApp.extra_labextensions_path": str(labextensions()),
    }
    return [f"--{name}={value}" for name, value in values.items()]


def labextensions() -> Path:
    """Return the folder of our own front end, which is beside the package that serves it."""
    spec = importlib.util.find_spec("notehouse_lab")
    if spec is None or spec.origin is None:
        raise RuntimeError("notehouse_lab is not installed: run `make up` again")
    return Path(spec.origin).parent / "labextensions"


def main() -> None:
    """Run the server until it is stopped."""
    os.umask(0o077)
    deny_inspection()
    leave_out()
    os.chdir(Path.home())
    settle_in(Path.home(), shared("notebooks"))
    if (folder := config_folder()) is not None:
        os.environ["JUPYTER_CONFIG_PATH"] = str(folder)
    # Imported last: Jupyter reads its paths from the environment when it is imported.
    from jupyterhub.singleuser.extension import JupyterHubSingleUser

    JupyterHubSingleUser.launch_instance([*arguments(), *sys.argv[1:]])


if __name__ == "__main__":
    main()
