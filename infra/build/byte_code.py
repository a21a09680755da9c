"""Byte code of the functions' packages, made once for equal sources: most of what is packed stands in all."""

from __future__ import annotations

import importlib.util
import py_compile
import re
import sys
from pathlib import Path

CODE_FOLDER_IN_LAMBDA = "/var/task"
# One file for each path in any package. It goes with the environment, whose Python it is of.
KEPT = Path(sys.prefix) / "packed-byte-code"


def compile_folder(folder: Path, *, leave: re.Pattern[str], kept: Path = KEPT) -> None:
    """Put byte code beside each source below ``folder`` but for those whose path has ``leave`` in it.

    Raises py_compile.PyCompileError.
    """
    for source in folder.rglob("*.py"):
        if leave.search(str(source)):
            continue
        compiled = Path(importlib.util.cache_from_source(str(source)))
        compiled.parent.mkdir(exist_ok=True)
        compiled.write_bytes(compile_module(source, source.relative_to(folder), kept))


def compile_module(source: Path, name: Path, kept: Path = KEPT) -> bytes:
    """The byte code of a module that stands as ``name`` in a package. Raises py_compile.PyCompileError.

    Byte code names the contents that it is of, by a hash: what is kept is made anew where it is of others.
    """
    made = kept / name.with_suffix(".pyc")
    # Unchecked (1): where modification times in byte code do not match, each cold start would compile anew.
    # https://peps.python.org/pep-0552/#specification
    wanted = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + importlib.util.source_hash(source.read_bytes())
    if made.is_file() and (found := made.read_bytes()).startswith(wanted):
        return found
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    shown = f"{CODE_FOLDER_IN_LAMBDA}/{name}"  # in tracebacks
    py_compile.compile(str(source), str(made), shown, doraise=True, invalidation_mode=unchecked)
    return made.read_bytes()
