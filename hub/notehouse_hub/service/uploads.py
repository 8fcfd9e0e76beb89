"""A notebook that came with a request: checked, then kept among the artifacts."""

import asyncio
from typing import Any

from fastapi import Request

from notehouse_hub.service.notebooks import check_notebook
from notehouse_hub.service.resources import Resources


async def store_notebook(content: Any, request: Request, resources: Resources) -> str:
    """Keep a notebook in canonical form; its key. Raises TooLarge or Invalid with what is wrong."""
    size = int(request.headers.get("content-length", 0))
    checked = await asyncio.to_thread(check_notebook, content, size, resources.settings.notebook_bytes)
    return await asyncio.to_thread(resources.artifacts.put, checked.content)
