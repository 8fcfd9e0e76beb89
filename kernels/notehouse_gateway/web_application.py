"""What answers requests to a gateway: Jupyter's own handlers for kernels and kernel specs, ours, and nothing else.

Put together here rather than by Jupyter's whole server and JupyterHub's, whose imports alone are as large as all this.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, cast

from jupyter_server.auth.authorizer import AllowAllAuthorizer
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler, APIVersionHandler, PrometheusMetricsHandler
from jupyter_server.kernelspecs import handlers as resources
from jupyter_server.services.kernelspecs import handlers as kernelspecs
from jupyter_server.utils import url_path_join
from tornado.web import Application, HTTPError
from traitlets.config import Config

from notehouse_core.logs import with_request_id
from notehouse_gateway import handlers
from notehouse_gateway.connection import BoundedConnection
from notehouse_gateway.identity import TokenIdentity
from notehouse_gateway.kernels import GatewayKernels


class Nothing(APIHandler):
    """Any other address."""

    async def prepare(self) -> None:  # type: ignore[override]  # as Jupyter's own handlers of an API do
        """Raise HTTPError 404."""
        raise HTTPError(404)


class NoPages:
    """Errors as JSON, and no way to a login, for handlers that were made for a server with pages."""

    write_error = APIHandler.write_error
    get_login_url = APIHandler.get_login_url


class MetricsHandler(NoPages, PrometheusMetricsHandler):
    """`/metrics`, for holders of a token."""

    @allow_unauthenticated  # what this is derived from refuses, and says 403
    async def get(self) -> None:  # type: ignore[override]  # as Jupyter's own handlers of an API do
        """Answer the numbers as they are now."""
        if self.logged_in:
            await cast(GatewayKernels, self.kernel_manager).measure()
        super().get()


class ResourceHandler(NoPages, resources.KernelSpecResourceHandler):
    """`/kernelspecs/{name}/{file}`: the kernel's picture."""


def log_request(handler: Any) -> None:
    """Log a request that was answered, what went well too: who follows a run through the logs finds it here."""
    status, request = handler.get_status(), handler.request
    level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
    caller = getattr(handler, "_jupyter_current_user", None)
    name, milliseconds = caller.username if caller else "", 1000 * request.request_time()
    # Without what is behind the question mark, where tokens may be.
    said = (status, request.method, request.path, name, request.remote_ip, milliseconds)
    handler.log.log(level, "%d %s %s (%s@%s) %.2fms", *said)


class GatewayApplication(Application):
    """The web application of a gateway."""

    def __init__(
        self, base_url: str, kernels: GatewayKernels, identity: TokenIdentity, config: Config
    ) -> None:
        found: list[Any] = [
            *handlers.default_handlers,
            *kernelspecs.default_handlers,
            *((path, ResourceHandler) for path, _ in resources.default_handlers),
            (r"/api", APIVersionHandler),
            (r"/metrics", MetricsHandler),
        ]
        super().__init__(
            [(url_path_join(base_url, path), *rest) for path, *rest in found],
            default_handler_class=Nothing,
            base_url=base_url,
            config=config,
            kernel_manager=kernels,
            kernel_spec_manager=kernels.kernel_spec_manager,
            kernel_websocket_connection_class=BoundedConnection,
            identity_provider=identity,
            authorizer=AllowAllAuthorizer(identity_provider=identity),  # who is known may do all there is
            allow_remote_access=True,  # a token is needed, whatever a browser takes this host for
            authenticate_prometheus=True,
            headers={
                "Content-Security-Policy": "frame-ancestors 'none'",
                "X-JupyterHub-Version": version("jupyterhub"),
            },
            log_function=with_request_id(log_request),
            started=datetime.now(UTC),
            last_activity_times={},
        )

    def last_activity(self) -> datetime:
        """Return when a caller, or a kernel, was last at work."""
        settings: dict[str, Any] = self.settings
        asked = [settings["api_last_activity"]] if "api_last_activity" in settings else []
        at_work = (settings["kernel_manager"].last_kernel_activity, *settings["last_activity_times"].values())
        latest: datetime = max(settings["started"], *asked, *at_work)
        return latest
