"""How is a packed body unpacked? By the ways that clients of ClickHouse use, whole, and never into more than was allowed."""

import gzip
import importlib
import io
import zlib
from collections.abc import Callable
from typing import Any

from notehouse_hub.service.query_gateway.refusal import bad_argument, too_large

LARGEST_PLAIN = 64 * 2**20


def _module(name: str) -> Any:
    """A module that is not there on every Python yet, or None."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


_lz4, _zstd = _module("lz4.frame"), _module("backports.zstd")


class _NotWholeError(Exception):
    """The bytes end before they should, or go on after it."""


def _gzip(packed: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as one:
        return one.read(LARGEST_PLAIN + 1)


def _deflate(packed: bytes) -> bytes:
    one = zlib.decompressobj()
    plain = one.decompress(packed, LARGEST_PLAIN + 1)
    return _whole(plain, one.eof, one.unused_data)


def _lz4_frame(packed: bytes) -> bytes:
    one = _lz4.LZ4FrameDecompressor()
    plain: bytes = one.decompress(packed, max_length=LARGEST_PLAIN + 1)
    return _whole(plain, one.eof, one.unused_data)


def _zstandard(packed: bytes) -> bytes:
    one = _zstd.ZstdDecompressor()
    plain: bytes = one.decompress(packed, max_length=LARGEST_PLAIN + 1)
    return _whole(plain, one.eof, one.unused_data)


def _whole(plain: bytes, ended: bool, rest: bytes | None) -> bytes:
    if len(plain) <= LARGEST_PLAIN and (not ended or rest):
        raise _NotWholeError
    return plain


_WAYS: dict[str, Callable[[bytes], bytes]] = {"identity": bytes, "gzip": _gzip, "deflate": _deflate}
_ERRORS: list[type[Exception]] = [OSError, EOFError, zlib.error, _NotWholeError]
if _lz4 is not None:
    _WAYS["lz4"] = _lz4_frame
    _ERRORS.append(RuntimeError)  # what it raises for a damaged frame
if _zstd is not None:
    _WAYS["zstd"] = _zstandard
    _ERRORS.append(_zstd.ZstdError)


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return a body as it was before it was packed. Raises Refusal."""
    way = _WAYS.get(encoding)
    if way is None:
        raise bad_argument(f"A body in {encoding} is not read here. Send it plain, or as {', '.join(_WAYS)}.")
    try:
        plain = way(body)
    except tuple(_ERRORS) as error:
        raise bad_argument(f"The body is not {encoding}, though its header says so.") from error
    if len(plain) > LARGEST_PLAIN:
        raise too_large(f"The body is larger than {LARGEST_PLAIN // 2**20} MB. Send rows in several INSERTs.")
    return plain
