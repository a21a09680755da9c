"""A client for models behind any OpenAI-compatible server, made for one run of a node."""

from __future__ import annotations

import openai

from nodes.base import NodeContext, NodeError


def open_client(context: NodeContext, credential: str | None) -> openai.AsyncOpenAI:
    """The SDK's client; use it as an async context manager. NodeError when there is no key.

    The key is the named credential's, else the settings', else the SDK's own (``OPENAI_API_KEY``). The SDK
    does not retry: retries are the state machine's, where they are seen and counted.
    """
    try:
        return openai.AsyncOpenAI(
            api_key=_find_key(context, credential),
            base_url=context.models.base_url,
            max_retries=0,
            timeout=context.timeout_seconds,
        )
    except openai.OpenAIError as error:
        raise NodeError(
            "no key for the models; name a credential of kind api_key in config.credential, or have an "
            "operator set OPENAI_API_KEY",
            node_id=context.node_id,
            field="config.credential",
        ) from error


def _find_key(context: NodeContext, credential: str | None) -> str | None:
    if credential is None:
        key = context.models.api_key
        return None if key is None else key.get_secret_value()
    found = context.credential(credential)
    if found.kind != "api_key":
        raise NodeError(
            f"config.credential: '{found.name}' is of kind '{found.kind}'; a model takes one of kind api_key",
            node_id=context.node_id,
            field="config.credential",
        )
    return found.part("api_key")
