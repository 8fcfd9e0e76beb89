"""Starts kernels with the environment of the allow-list, wherever jupyter_client starts them."""

from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from notehouse_gateway.environment import kernel_environment


class AllowListProvisioner(LocalProvisioner):
    """A local kernel process that inherits nothing of its server but the names of the allow-list."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the launch, then cut the environment; the server's Hub token is in what is cut."""
        launch = await super().pre_launch(**kwargs)
        launch["env"] = kernel_environment(launch["env"])
        return launch
