"""A POST with an `Idempotency-Key` is done once: repeated, it gets the same answer, and has no second effect."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from fastapi import Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core import errors
from notehouse_core.settings import required
from notehouse_core.store import idempotency as store
from notehouse_hub.service.identity import CallerDep
from notehouse_hub.service.resources import KEEPS, Resources, ResourcesDep, SessionDep

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 200  # characters of a key
_LARGEST = 1_000_000  # bytes of an answer; a larger one is a read, which may be done again
_TOLD_AGAIN = ("content-type", "etag", "location")


class Replay(Exception):
    """This request was done before; here is its answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__("done before")
        self.answer = answer


@dataclass(frozen=True)
class Pending:
    """A key that is taken until the answer is there, in the transaction of the request."""

    session: AsyncSession
    key: store.Key
    seal: Fernet

    async def keep(self, answer: Response) -> None:
        """Store the answer, sealed: it may hold a secret that is told once."""
        body = getattr(answer, "body", None)
        if body is None or len(body) > _LARGEST:
            await store.release(self.session, self.key)
            return
        headers = {name: answer.headers[name] for name in _TOLD_AGAIN if name in answer.headers}
        content = {"status": answer.status_code, "headers": headers, "body": base64.b64encode(body).decode()}
        await store.keep(self.session, self.key, self.seal.encrypt(json.dumps(content).encode()))


async def once(request: Request, caller: CallerDep, session: SessionDep, resources: ResourcesDep) -> None:
    """Answer a repeated POST with what the first one got. Raises Invalid or Conflict."""
    given = request.headers.get(HEADER)
    if given is None or request.method != "POST":
        return
    if not 1 <= len(given) <= LONGEST or not given.isascii() or not given.isprintable():
        raise errors.Invalid(
            f"An {HEADER} has 1 to {LONGEST} printable characters, such as a UUID.",
            fields=[{"field": HEADER, "message": f"1 to {LONGEST} printable characters"}],
        )
    key = store.Key(_name(caller), request.url.path, given)
    seal = _seal(resources)
    said = hashlib.sha256(request.url.query.encode() + b"\n" + await request.body()).hexdigest()
    before = await store.claim(session, key, said)
    if before is not None:
        raise Replay(_again(seal, before))
    session.info[KEEPS] = True
    request.state.pending_answer = Pending(session, key, seal)


async def replay(_: Request, found: Exception) -> Response:
    """Turn a Replay into its answer."""
    assert isinstance(found, Replay)  # noqa: S101 - how it was registered
    return found.answer


def _name(caller: CallerDep) -> str:
    kind = "service" if caller.actor.service else "user"
    return f"{kind}:{caller.actor.name}:{caller.actor.purpose or ''}"


def _seal(resources: Resources) -> Fernet:
    secret = required(resources.settings.session_key, "session_key")
    return Fernet(base64.urlsafe_b64encode(hmac.digest(secret.encode(), b"notehouse answers", "sha256")))


def _again(seal: Fernet, sealed: bytes) -> Response:
    try:
        content = json.loads(seal.decrypt(sealed))
    except InvalidToken as error:
        raise errors.Conflict(
            "This request was done before, and its answer can no longer be read. Look at what it made."
        ) from error
    answer = JSONResponse(None, content["status"])
    answer.body = base64.b64decode(content["body"])
    answer.init_headers({**content["headers"], REPLAYED: "true"})
    return answer
