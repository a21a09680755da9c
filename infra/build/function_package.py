"""What goes into each function's package, and how large it may become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class FunctionPackage:
    """One function's package: infra/requirements/`requirements`.txt and functions/`handler`/."""

    requirements: str
    handler: str
    # Unzipped. The project's own bounds, since cold start grows with what is unpacked and imported; Lambda's
    # own is 250 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
    max_bytes: int
    takes_custom_nodes: bool = False
    # The examples, for the gallery of templates.
    takes_templates: bool = False


# By logical id in template.yaml. The custom executor holds what authors bring, so only Lambda's limit binds
# it; the API function knows their nodes too, to validate documents and to list /node-types.
PACKAGES = {
    "ApiFunction": FunctionPackage(
        "api", "api", 20 * MEGABYTE, takes_custom_nodes=True, takes_templates=True
    ),
    "CoreFunction": FunctionPackage("core", "node_executor", 20 * MEGABYTE),
    "HttpFunction": FunctionPackage("http", "node_executor", 20 * MEGABYTE),
    "AiFunction": FunctionPackage("ai", "node_executor", 35 * MEGABYTE),
    "CustomFunction": FunctionPackage("custom", "node_executor", 250 * MEGABYTE, takes_custom_nodes=True),
    "FlowFunction": FunctionPackage("flow", "node_executor", 20 * MEGABYTE),
    "ExecutionEventsFunction": FunctionPackage("events", "execution_events", 20 * MEGABYTE),
    "TriggersFunction": FunctionPackage("triggers", "triggers", 20 * MEGABYTE),
}


def template_files(root: Path) -> Iterator[Path]:
    """Documents and gallery entries of the templates, relative to the repository's root, in order."""
    for folder in (Path("examples"), Path("examples/templates")):
        yield from sorted(path.relative_to(root) for path in (root / folder).glob("*.json"))
