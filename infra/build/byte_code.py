"""Byte code of the functions' packages, made once for equal sources: most of what is packed stands in all."""

from __future__ import annotations

import importlib.util
import py_compile
import re
from pathlib import Path


def compile_folder(folder: Path, *, runs_in: str, leave: re.Pattern[str], kept: Path) -> None:
    """Put byte code beside each source below ``folder`` but for those whose path has ``leave`` in it.

    ``runs_in`` is where the folder will stand: tracebacks name its files so. ``kept`` holds one file for each
    path below any such folder, and is good for one version of Python. Raises py_compile.PyCompileError.
    """
    for source in folder.rglob("*.py"):
        if leave.search(str(source)):
            continue
        name = source.relative_to(folder)
        compiled = Path(importlib.util.cache_from_source(str(source)))
        compiled.parent.mkdir(exist_ok=True)
        compiled.write_bytes(_byte_code(source, f"{runs_in}/{name}", kept / name.with_suffix(".pyc")))


def _byte_code(source: Path, shown: str, kept: Path) -> bytes:
    """Byte code names the contents that it is of, by a hash; ``kept`` is made anew where it is of others."""
    # Unchecked (1): where modification times in byte code do not match, each cold start would compile anew.
    # https://peps.python.org/pep-0552/#specification
    wanted = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + importlib.util.source_hash(source.read_bytes())
    if kept.is_file() and (found := kept.read_bytes()).startswith(wanted):
        return found
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), str(kept), shown, doraise=True, invalidation_mode=unchecked)
    return kept.read_bytes()
