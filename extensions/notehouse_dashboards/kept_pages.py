"""Pages of snapshots in memory, as they are sent: most requests of a busy dashboard are for the same few."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from notehouse_core.artifacts import ArtifactStore
from notehouse_core.together import Together
from notehouse_dashboards.content import Content, unpacked

KEPT_BYTES = 64 * 2**20
_KIND = "text/html; charset=utf-8"


class KeptPages:
    """The pages that were asked for last. Who may see one is asked before, and never here."""

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._kept: OrderedDict[str, Content] = OrderedDict()
        self._reading: Together[Content] = Together()
        self._bytes = 0

    async def of(self, artifact: str) -> Content:
        """The page that the store has under a key. Raises NotFound."""
        if artifact in self._kept:
            self._kept.move_to_end(artifact)
            return self._kept[artifact]
        return await self._reading.of(artifact, lambda: self._read(artifact))

    async def _read(self, artifact: str) -> Content:
        if artifact not in self._kept:
            self._keep(artifact, await asyncio.to_thread(self._unpacked, artifact))
        return self._kept[artifact]

    def _unpacked(self, artifact: str) -> Content:
        return unpacked(self._artifacts.get(artifact), _KIND, artifact[:24])

    def _keep(self, artifact: str, page: Content) -> None:
        self._kept[artifact] = page
        self._bytes += page.size
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= gone.size
