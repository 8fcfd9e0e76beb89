"""What does a key for execution tokens look like?"""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notehouse_core.tokens import key_id, public_pem


def new_private_pem() -> str:
    """Make a new Ed25519 key."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def verify_keys(private_pem: str) -> dict[str, str]:
    """Return {key id: PEM} of the public half of a key."""
    key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    assert isinstance(key, Ed25519PrivateKey)  # noqa: S101 - we made it
    public = public_pem(key)
    return {key_id(public): public}
