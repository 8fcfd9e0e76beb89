"""The second step of a login: codes of an authenticator app (RFC 6238), or a recovery code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field

import pyotp
import segno
from sqlalchemy.ext.asyncio import AsyncSession

from notehouse_core.errors import Invalid
from notehouse_core.store import second_factors as store
from notehouse_core.store.models import SecondFactor, User
from notehouse_hub.login.sealing import Seal

ISSUER = "Notehouse"
STEP = 30
DRIFT = 1  # steps that a phone's clock may be wrong
CODES = 10
_CODE = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[A-Z2-7]{16}")
_WRONG = (
    "This code does not fit. Wait for the next one in your app, and see that your phone's clock is right."
)


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app needs: typed by hand, as an address, and as a picture of it."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


class SecondFactors:
    """Sets second factors up and checks what people type; `key` is the platform's secret for them."""

    def __init__(self, key: str) -> None:
        self._seal = Seal(key)

    async def begin(self, session: AsyncSession, user: User) -> Enrolment:
        """Make a new secret, which counts once a code of it was shown. Raises Conflict."""
        secret = pyotp.random_base32()
        await store.begin(session, user, self._seal.close(secret, str(user.id)))
        uri = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)
        return Enrolment(secret, uri, picture_of(uri))

    async def confirm(self, session: AsyncSession, user: User, code: str) -> list[str]:
        """Make it count, and return the recovery codes, told this once. Raises Invalid."""
        factor = await store.pending_of(session, user)
        if factor is None:
            raise Invalid("There is no second factor to confirm. Set one up first.")
        step = step_of(self._secret(factor), code, int(time.time()))
        if step is None:
            raise Invalid(_WRONG, fields=[{"field": "code", "message": "does not fit"}])
        codes = new_recovery_codes()
        await store.confirm(session, factor, step, [digest_of(one) for one in codes])
        return codes

    async def check(self, session: AsyncSession, factor: SecondFactor, said: str) -> bool:
        """Say whether this is a code of theirs that was not used before; it is used now."""
        plain = re.sub(r"[\s-]", "", said).upper()
        if _RECOVERY.fullmatch(plain):
            return await store.use_recovery_code(session, factor, digest_of(plain))
        step = step_of(self._secret(factor), plain, int(time.time()))
        return step is not None and await store.use_step(session, factor, step)

    async def renew_recovery_codes(self, session: AsyncSession, factor: SecondFactor) -> list[str]:
        """Return new recovery codes; the old ones end."""
        codes = new_recovery_codes()
        await store.replace_recovery_codes(session, factor, [digest_of(one) for one in codes])
        return codes

    def _secret(self, factor: SecondFactor) -> str:
        return self._seal.open(factor.sealed_secret, str(factor.user_id))


def step_of(secret: str, code: str, now: int) -> int | None:
    """Return the step (of 30 s since 1970) whose code this is, near now; None for a wrong one."""
    if not _CODE.fullmatch(code):
        return None
    totp = pyotp.TOTP(secret)
    steps = range(max(0, now // STEP - DRIFT), now // STEP + DRIFT + 1)
    return next((step for step in steps if hmac.compare_digest(totp.at(step * STEP), code)), None)


def picture_of(uri: str) -> str:
    """Return an address as a QR code: SVG on white, whatever the page's colours are."""
    picture = segno.make_qr(uri, error="m")
    return picture.svg_inline(
        border=3, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )


def new_recovery_codes() -> list[str]:
    """Return codes of 80 random bits, in groups of four."""
    made = (base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(CODES))
    return ["-".join(re.findall("....", one)) for one in made]


def digest_of(code: str) -> str:
    """Return what is kept of a recovery code."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code).upper().encode()).hexdigest()
