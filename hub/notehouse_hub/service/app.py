"""The application: API, portal, health, and one place where errors become answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI

from notehouse_core.settings import Settings
from notehouse_hub.service import api, health, metrics, openapi, portal, problems
from notehouse_hub.service.api.confirmation import confirmed
from notehouse_hub.service.idempotency import Replay, once, replay
from notehouse_hub.service.rate_limits import limited
from notehouse_hub.service.request_context import RequestContext
from notehouse_hub.service.resources import API_PREFIX, PREFIX, open_resources


def create_app(settings: Settings) -> FastAPI:
    """The application under these settings; connections open when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources:
            app.state.resources = resources
            yield

    app = FastAPI(
        title="Notehouse",
        version=version("notehouse"),
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(RequestContext)
    problems.install(app)
    app.add_exception_handler(Replay, replay)
    asked = [Depends(limited), Depends(once)]
    for noun in api.ROUTERS:
        app.include_router(noun, prefix=API_PREFIX, dependencies=asked)
    for noun in api.OF_RIGHTS:
        app.include_router(noun, prefix=API_PREFIX, dependencies=[*asked, Depends(confirmed)])
    for router in (health.router, metrics.router, *portal.ROUTERS):
        app.include_router(router, prefix=PREFIX)
    openapi.describe(app)
    return app
