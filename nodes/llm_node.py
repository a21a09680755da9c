"""The LLM node: one question to a language model, its answer as text or as checked JSON."""

from __future__ import annotations

from engine.json_value import JsonObject, canonical_json
from nodes.base import BaseNode, NodeContext, NodeError, NodeInputs, NodeResult
from nodes.llm_answer import LlmAnswer, check_answer, check_schema, parse_answer
from nodes.llm_config import LlmConfig, LlmOutput


class LlmNode(BaseNode):
    """Asks a language model. Equal questions within a day share one answer."""

    type = "llm"
    title = "Language model"
    description = "Asks a language model; answers with text, or with JSON that fits a schema."
    category = "ai"
    executor = "ai"
    reads_inputs = False
    cache_ttl_seconds = 86_400
    default_timeout_seconds = 120
    Config = LlmConfig
    Output = LlmOutput
    config: LlmConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Ask; RetryableNodeError where asking again may help."""
        config = self.config
        if config.json_schema is not None:
            check_schema(config.json_schema)
        answer = await self._ask(context)
        check_answer(answer)
        output = parse_answer(answer, config.json_schema) if config.response_format == "json" else answer.text
        if answer.finish_reason == "length":
            context.logger.warning("the answer was cut at the limit of tokens; raise config.max_tokens")
        return self.create_result(
            output,
            text=answer.text,
            usage=answer.usage(),
            model=answer.model or config.model_name(),
            finish_reason=answer.finish_reason,
        )

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """A schema that is written out must be a JSON Schema, and be used."""
        schema = config.get("json_schema")
        if not isinstance(schema, dict) or "{{" in canonical_json(schema):
            return []
        if config.get("response_format", "text") == "text":
            return [("config.json_schema", "needs response_format 'json'")]
        try:
            check_schema(schema)
        except NodeError as error:
            return [("config.json_schema", str(error))]
        return []

    async def _ask(self, context: NodeContext) -> LlmAnswer:
        if self.config.provider == "bedrock":
            from nodes.llm_bedrock import ask_bedrock

            return await ask_bedrock(self.config, context)
        from nodes.llm_openai import ask_openai

        return await ask_openai(self.config, context)
