"""Cold starts: how the handlers import what they stand on."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


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


def is_prepared() -> bool:
    """Whether this is loaded before anybody waits for it: provisioned, or a snapshot that many start from.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html; the local AWS forks its workers
    from one.
    """
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand") != "on-demand"


def build_models_when_used() -> None:
    """Have pydantic build a model, of ours or of a library, when it is first used; called before any is made.

    A process uses few of those that its modules declare: an executor has a config for each type of node, and
    FastAPI alone has forty for the OpenAPI document. What is prepared has them all: each that starts from it
    would build its own.
    """
    if is_prepared():
        return
    from pydantic import BaseModel  # here, so that the caller chooses how that is imported

    BaseModel.model_config = {**BaseModel.model_config, "defer_build": True}
    rebuild = BaseModel.model_rebuild.__func__  # type: ignore[attr-defined] # of the class method

    def rebuild_when_used(model: type[BaseModel], /, **asked: Any) -> bool | None:
        # A module whose model refers to a later class asks for no more than this; the first use of the model
        # asks with arguments, one of them how far off the frame is that may know the names.
        if not asked:
            return None
        depth = asked.pop("_parent_namespace_depth", 2) + 1
        built: bool | None = rebuild(model, **asked, _parent_namespace_depth=depth)
        return built

    BaseModel.model_rebuild = classmethod(rebuild_when_used)  # type: ignore[assignment, method-assign]


def without_pydantic_1() -> None:
    """Spare FastAPI, which asks of each annotation whether it is of pydantic 1, the search for that.

    Packages leave it out.
    """
    sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type] # "there is none", as import reads it
