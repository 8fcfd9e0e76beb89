"""The application: API, portal, health, and one place where errors become answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from notehouse_core.settings import Settings
from notehouse_hub.service import api, health, metrics, problems
from notehouse_hub.service.idempotency import Replay, once, replay
from notehouse_hub.service.portal import login, pages, watching, work
from notehouse_hub.service.portal.rendering import STATIC
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
    for noun in api.ROUTERS:
        app.include_router(noun, prefix=API_PREFIX, dependencies=[Depends(limited), Depends(once)])
    for router in (health.router, metrics.router, login.router, pages.router, work.router, watching.router):
        app.include_router(router, prefix=PREFIX)
    app.mount(f"{PREFIX}/static", StaticFiles(directory=STATIC), name="static")
    return app
