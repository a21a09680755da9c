"""The examples as workflows of a stack: each is there once, by its name."""

from __future__ import annotations

from infra.cli.api_client import ApiClient
from infra.cli.document_file import example_files, read_document


def load_examples(client: ApiClient) -> dict[str, str]:
    """Save the examples that are missing; workflow ids by file name without its ending."""
    standing = {workflow["name"]: workflow["id"] for workflow in client.list_workflows()}
    loaded: dict[str, str] = {}
    for path in example_files():
        document = read_document(path)
        name = document["name"]
        loaded[path.stem] = standing.get(name) or client.create_workflow(document)["id"]
    return loaded
