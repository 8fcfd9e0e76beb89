"""The portal's static files: their addresses change with them, so browsers keep them for as long as they like."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from notehouse_core.errors import NotFound
from notehouse_hub.service.portal.rendering import STATIC, build

router = APIRouter(include_in_schema=False)

_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASKED_AGAIN = {"Cache-Control": "no-cache"}


@router.get("/static/{known_as}/{name}")
async def static(known_as: str, name: str) -> FileResponse:
    """Answer one of them."""
    file = STATIC / name
    if file.parent != STATIC or not file.is_file():
        raise NotFound("There is nothing at this address.")
    return FileResponse(file, headers=_FOR_EVER if known_as == build() else _ASKED_AGAIN)
