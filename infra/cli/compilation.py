"""Documents held against the node types that are installed here, and compiled, without any AWS."""

from __future__ import annotations

from pathlib import Path

from engine.compiler import Compiled, Profile, compile_workflow
from engine.errors import RequestError
from engine.registry import NodeRegistry
from engine.settings import TARGETS
from engine.validation import check_document
from engine.workflow import Workflow
from infra.cli.document_file import read_document, read_json
from infra.cli.failure import usage_error
from nodes import BUILTIN_NODES

# Where Tasks point when nobody says: the functions of the local stack.
LOCAL_TARGET = "arn:aws:lambda:us-east-1:000000000000:function:mini-n8n-local-{executor}"


def installed_nodes() -> NodeRegistry:
    """The built-in node types and those of installed packages."""
    registry = NodeRegistry(BUILTIN_NODES)
    registry.load_installed()
    return registry


def check_file(path: Path, registry: NodeRegistry) -> Workflow:
    """The workflow in a file; DocumentError with all of its problems."""
    return check_document(read_document(path), registry)


def compile_file(path: Path, profile: Path | None = None, target_arn: str | None = None) -> Compiled:
    """Compile a file. ``target_arn`` is the function of every Task; else one for each executor.

    DocumentError with all problems; CommandError for a profile that does not fit.
    """
    registry = installed_nodes()
    workflow = check_file(path, registry)
    return compile_checked(workflow, registry, read_profile(profile), target_arn)


def compile_checked(
    workflow: Workflow, registry: NodeRegistry, profile: Profile | None = None, target_arn: str | None = None
) -> Compiled:
    """Compile a workflow that no problem was found in."""
    target = target_arn or LOCAL_TARGET
    targets: dict[str, str] = {name: target.replace("{executor}", name) for name in TARGETS}
    return compile_workflow(workflow, registry, targets=targets, profile=profile)


def read_profile(path: Path | None) -> Profile | None:
    """The durations in a file, if one is named; CommandError for what is none."""
    if path is None:
        return None
    try:
        return Profile.from_json(read_json(path))
    except RequestError as error:
        raise usage_error(f"{path}: {error}.") from None
