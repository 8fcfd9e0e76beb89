"""Where the files that ship beside the packages are, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import sys
from pathlib import Path

from notehouse_core.errors import NotFound

_INSTALLED = {
    "notebooks": Path("share/notehouse/notebooks"),
    "voila_templates": Path("share/jupyter/voila/templates"),
}


def shared(name: str) -> Path:
    """The folder `name` ("notebooks" or "voila_templates").

    Raises NotFound when neither the checkout nor the environment has it.
    """
    checkout = Path(__file__).resolve().parents[2] / name
    if checkout.is_dir():
        return checkout
    installed = Path(sys.prefix) / _INSTALLED[name]
    if installed.is_dir():
        return installed
    raise NotFound(f"The folder {name!r} is missing from this installation of Notehouse. Install it again.")
