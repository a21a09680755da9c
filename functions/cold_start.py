"""Cold starts: how the handlers import what they stand on."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Import without the garbage collector, then keep it from looking at what was imported.

    Modules and classes live as long as the process; walking through them again and again while they are made
    is a sixth of the processor time of an import.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@contextmanager
def models_built_when_used() -> Iterator[None]:
    """Import modules whose pydantic models are built when first used, ours and those of libraries.

    FastAPI alone declares forty for the OpenAPI document, and a request uses few of any module's.
    """
    from pydantic import BaseModel  # here, so that the caller chooses how that is imported

    kept = BaseModel.model_config
    BaseModel.model_config = {**kept, "defer_build": True}
    try:
        yield
    finally:
        BaseModel.model_config = kept


def without_pydantic_1() -> None:
    """Spare FastAPI, which asks of each annotation whether it is of pydantic 1, the search for that.

    Packages leave it out.
    """
    sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type] # "there is none", as import reads it
