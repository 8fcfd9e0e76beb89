"""Who asks, and with which rights? A token, checked, and held against the rights of this moment."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from notehouse_core.access import AccessClass
from notehouse_core.errors import Unauthenticated
from notehouse_core.token_keys import VerifyKeys
from notehouse_core.tokens import INTERACTIVE, QUERY, Claims, class_subject
from notehouse_hub.service.query_gateway.refusal import (
    UNKNOWN_DATABASE,
    Refusal,
    denied,
    renewable,
    unauthenticated,
)
from notehouse_hub.service.query_gateway.rights import Rights


@dataclass(frozen=True)
class Holder:
    """The holder of a token, and the class whose rows it shows: the one that writes too, where a person's own token may."""

    claims: Claims
    access_class: AccessClass

    @property
    def name(self) -> str:
        """A name for all tokens of one holder and purpose, so that a renewed token still owns its queries."""
        claims = self.claims
        parts = (claims.tenant, claims.subject, claims.access_class, claims.purpose, claims.object)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def databases(self, source: str) -> list[str]:
        """Return the databases of which something is granted."""
        return sorted({grant.database for grant in self.access_class.grants if grant.source == source})


class Keys:
    """The public keys of tokens; the file is read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._keys = VerifyKeys(path)

    def verify(self, token: str) -> Claims:
        """Return the claims of a token for the query gateway. Raises Refusal."""
        try:
            return self._keys.verify(token, QUERY)
        except Unauthenticated as error:
            raise renewable(unauthenticated(error.message)) from error


def holder(token: str, claims: Claims, rights: Rights) -> Holder:
    """Hold a token and its claims against the rights of this moment. Raises Refusal."""
    found = rights.plan.classes.get(claims.access_class)
    if rights.revoked & {claims.jti, hashlib.sha256(token.encode()).hexdigest()}:
        raise renewable(unauthenticated("This token was revoked. Get a new one, or restart your server."))
    if found is None or found.tenant != claims.tenant or not _still_held(claims, rights):
        raise renewable(
            denied(
                "Your rights have changed since this token was made, so it opens nothing any more. Get a new token or "
                "restart your server; if that is refused too, ask an admin of your tenant."
            )
        )
    writer = rights.plan.writer_of(claims.subject, claims.tenant) if may_write(claims) else None
    return Holder(claims, writer or found)


def may_write(claims: Claims) -> bool:
    """Say whether a token is of a kind that writes: nobody but its person decided what it runs."""
    return claims.purpose == INTERACTIVE or claims.writes


def still_opens(one: Holder, rights: Rights) -> bool:
    """Say whether what this holder runs may go on."""
    known = one.access_class.id in rights.plan.classes and one.claims.jti not in rights.revoked
    if one.access_class.id != one.claims.access_class:
        writer = rights.plan.writer_of(one.claims.subject, one.claims.tenant)
        known = known and writer == one.access_class
    return known and _still_held(one.claims, rights)


def _still_held(claims: Claims, rights: Rights) -> bool:
    """A token in a person's name needs the person's class; one in a class's name is bound to that alone."""
    if claims.purpose != INTERACTIVE and claims.subject == class_subject(claims.access_class):
        return True
    return rights.plan.holds(claims.subject, claims.tenant, claims.access_class)


def check_source(one: Holder, source: str) -> None:
    """Raise Refusal unless the token opens this data source; one that does not exist looks the same."""
    sources = one.claims.sources
    if source not in one.access_class.sources or (sources and source not in sources):
        mine = (
            ", ".join(name for name in one.access_class.sources if not sources or name in sources) or "none"
        )
        raise Refusal(
            UNKNOWN_DATABASE,
            404,
            f"There is no data source {source} for this token. Data sources you may read: {mine}.",
        )
