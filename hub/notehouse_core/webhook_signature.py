"""How webhooks are signed: HMAC-SHA256 over a time and the body, with a secret a tenant."""

from __future__ import annotations

import hashlib
import hmac


def secret_of(key: str, tenant: str) -> str:
    """The secret of a tenant's webhooks, from the platform's key; its admins see it, to check signatures."""
    return hmac.digest(key.encode(), f"webhook:{tenant}".encode(), "sha256").hex()


def signature_of(secret: str, timestamp: int, body: bytes) -> str:
    """The signature as its header carries it, `t=1700000000,v1=<hex>`; the time is seconds since 1970."""
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={signed.hexdigest()}"
