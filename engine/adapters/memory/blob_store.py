"""Large values and files in memory."""

from __future__ import annotations

from threading import Lock
from urllib.parse import quote, urlencode

from engine.errors import NotFoundError
from engine.ports import BlobInfo


class MemoryBlobStore:
    """Keeps BlobStore's promises, but nothing serves the links: ``memory://`` names the object."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, str]] = {}
        self._lock = Lock()

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Store the bytes."""
        with self._lock:
            self._objects[key] = (bytes(data), content_type)

    def get(self, key: str) -> bytes:
        """The bytes; NotFoundError."""
        return self._object(key)[0]

    def info(self, key: str) -> BlobInfo:
        """Size and type; NotFoundError."""
        data, content_type = self._object(key)
        return BlobInfo(key, len(data), content_type)

    def link(self, key: str, expires_seconds: int, *, download_name: str | None = None) -> str:
        """A name for the object that shows what was asked for."""
        query = {"expires_seconds": str(expires_seconds)}
        if download_name is not None:
            query["download_name"] = download_name
        return f"memory://{quote(key)}?{urlencode(query)}"

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object whose key starts so; how many."""
        with self._lock:
            gone = [key for key in self._objects if key.startswith(prefix)]
            for key in gone:
                del self._objects[key]
            return len(gone)

    def list_keys(self) -> tuple[str, ...]:
        """The keys of all objects, in order."""
        with self._lock:
            return tuple(sorted(self._objects))

    def _object(self, key: str) -> tuple[bytes, str]:
        found = self._objects.get(key)
        if found is None:
            raise NotFoundError("object", key)
        return found
