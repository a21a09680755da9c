"""Unpacked function packages, one folder for each distinct archive."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import threading
import zipfile
from pathlib import Path

KEPT_PACKAGES = 50
"""As many of the newest packages are left from one start to the next, with their compiled modules."""


class CodeStore:
    """Unpacks archives once; functions with the same code share a folder. Safe to call from many threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._folders: dict[bytes, Path] = {}
        root.mkdir(parents=True, exist_ok=True)
        for outdated in sorted(root.iterdir(), key=lambda folder: folder.stat().st_mtime)[:-KEPT_PACKAGES]:
            shutil.rmtree(outdated)

    def unpack(self, archive: bytes) -> str:
        """Return the folder that holds the archive's files. Raises zipfile.BadZipFile."""
        known = self._folders.get(archive)  # asked for at each invocation: a digest would take a millisecond
        if known is not None:
            return str(known)
        folder = self._root / hashlib.sha256(archive).hexdigest()[:24]
        with self._lock:
            if not folder.is_dir():
                partial = folder.with_suffix(f".{os.getpid()}")
                shutil.rmtree(partial, ignore_errors=True)
                _extract(archive, partial)
                partial.rename(folder)
                folder.touch()
            if len(self._folders) >= KEPT_PACKAGES:
                self._folders.clear()
            self._folders[archive] = folder
        return str(folder)


def _extract(archive: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as package:
        package.extractall(folder)  # extractall drops absolute paths and ".."
        for entry in package.infolist():
            mode = entry.external_attr >> 16 & 0o777
            if mode & 0o111:
                (folder / entry.filename).chmod(mode | 0o600)
