"""Which kernels our servers offer: one, found in the checkout or in the installed environment."""

import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from traitlets import default

KERNEL_NAME = "notehouse"


def kernelspec_folder() -> Path:
    """Return the folder that holds `notehouse/kernel.json`."""
    checkout = Path(__file__).resolve().parent.parent / "kernelspecs"
    return checkout if checkout.is_dir() else Path(sys.prefix) / "share" / "jupyter" / "kernels"


class OneKernelSpec(KernelSpecManager):
    """Offers the kernel `notehouse` and no other: others would not cut the environment of their kernels."""

    @default("kernel_dirs")
    def _default_kernel_dirs(self) -> list[str]:
        return [str(kernelspec_folder())]

    @default("ensure_native_kernel")
    def _default_ensure_native_kernel(self) -> bool:
        return False

    @default("allowed_kernelspecs")
    def _default_allowed_kernelspecs(self) -> set[str]:
        return {KERNEL_NAME}
