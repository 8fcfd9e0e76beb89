"""The artifact store: files named by the SHA-256 of what they hold, so that storing twice stores once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from notehouse_core.errors import NotFound, Unavailable
from notehouse_core.settings import Settings


class ArtifactStore(ABC):
    """Notebooks, snapshots and run outputs. Its methods block: async code calls them in a thread."""

    def put(self, content: bytes) -> str:
        """Stores `content` durably and answers its key (64 hex characters); a reader sees all of it or nothing."""
        key = hashlib.sha256(content).hexdigest()
        if not self._has(key):
            self._write(key, content)
        return key

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises NotFound when there are none, also for what cannot be a key."""
        if len(key) != 64 or set(key) - set("0123456789abcdef"):
            raise NotFound("There is no such artifact.")
        try:
            return self._read(key)
        except FileNotFoundError as error:
            raise NotFound(
                f"The artifact {key[:12]} is not in the store. It may have been cleaned up."
            ) from error

    @abstractmethod
    def is_writable(self) -> bool:
        """Can something be stored now?"""

    @abstractmethod
    def _has(self, key: str) -> bool: ...

    @abstractmethod
    def _read(self, key: str) -> bytes: ...

    @abstractmethod
    def _write(self, key: str, content: bytes) -> None: ...


class FolderStore(ArtifactStore):
    """Artifacts in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def is_writable(self) -> bool:
        """Can something be stored now?"""
        return os.access(self.folder, os.W_OK)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _has(self, key: str) -> bool:
        return self._path(key).exists()

    def _read(self, key: str) -> bytes:
        return self._path(key).read_bytes()

    def _write(self, key: str, content: bytes) -> None:
        """Written beside, synced, and renamed."""
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class BucketStore(ArtifactStore):
    """Artifacts in object storage, by fsspec; an object is there when all of it is."""

    def __init__(self, address: str, **options: Any) -> None:
        from fsspec.core import url_to_fs

        self._files, self._root = url_to_fs(address.rstrip("/"), **options)

    def is_writable(self) -> bool:
        """Does the storage answer for our bucket?"""
        try:
            with _storage():
                return bool(self._files.exists(self._root.partition("/")[0]))
        except Unavailable:
            return False

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}"

    def _has(self, key: str) -> bool:
        with _storage():
            self._files.invalidate_cache(f"{self._root}/{key[:2]}")
            return bool(self._files.exists(self._path(key)))

    def _read(self, key: str) -> bytes:
        with _storage():
            return bytes(self._files.cat_file(self._path(key)))

    def _write(self, key: str, content: bytes) -> None:
        with _storage():
            self._files.pipe_file(self._path(key), content)


class _storage:  # noqa: N801 - reads as a phrase
    """Turns what object storage raises into an error that says what to look at."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if isinstance(error, FileNotFoundError):
            return
        # The clients of object storage have errors of their own for a network that is away.
        if isinstance(error, OSError) or (kind and kind.__module__.partition(".")[0] == "botocore"):
            raise Unavailable(
                f"The object storage does not answer ({type(error).__name__}). "
                "Check NOTEHOUSE_ARTIFACTS and NOTEHOUSE_S3_*."
            ) from error


def open_artifacts(settings: Settings) -> ArtifactStore:
    """The store of these settings: a folder, or a bucket where NOTEHOUSE_ARTIFACTS is an address (s3://...)."""
    if "://" not in settings.artifacts:
        return FolderStore(settings.artifact_folder)
    options: dict[str, Any] = {}
    if settings.artifacts.startswith("s3://"):
        secret = settings.s3_secret.get_secret_value() if settings.s3_secret else None
        endpoint = {"endpoint_url": settings.s3_endpoint} if settings.s3_endpoint else {}
        options = {"key": settings.s3_key_id or None, "secret": secret, "client_kwargs": endpoint}
    return BucketStore(settings.artifacts, **options)
