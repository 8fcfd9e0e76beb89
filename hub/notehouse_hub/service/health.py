"""Is the process alive, and is everything there that it needs?"""

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from notehouse_hub.service.resources import Resources, ResourcesDep

router = APIRouter(prefix="/health", tags=["Health"])

_PATIENCE = 3.0  # seconds for one thing to answer


@router.get("/live")
async def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "live"}


@router.get("/ready", responses={503: {"description": "Something is missing; `missing` names it"}})
async def ready(resources: ResourcesDep) -> JSONResponse:
    """Say whether everything answers that requests need; 503 with the names of what does not."""
    names = ("database", "hub", "query gateway", "artifacts")
    checks = (
        _database(resources),
        resources.hub.alive(),
        resources.warehouse.alive(),
        _artifacts(resources),
    )
    answers = await asyncio.gather(*checks)
    missing = [name for name, there in zip(names, answers, strict=True) if not there]
    status = "not ready" if missing else "ready"
    return JSONResponse({"status": status, "missing": missing}, 503 if missing else 200)


async def _database(resources: Resources) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE), resources.database.session() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True


async def _artifacts(resources: Resources) -> bool:
    """Say whether files can be written where published notebooks are kept."""
    return await asyncio.to_thread(resources.artifacts.is_writable)
