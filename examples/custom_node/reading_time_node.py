"""How long a text takes to read."""

from nodes.base import BaseNode, Field, NodeConfig, NodeContext, NodeInputs, NodeResult


class ReadingTimeNode(BaseNode):
    """Counts words, and the minutes that they take."""

    type = "reading_time"
    title = "Reading time"
    description = "Counts the words of a text, and the minutes that they take."

    class Config(NodeConfig):
        """What the form asks for."""

        text: str = Field(description="The text.", json_schema_extra={"x-widget": "textarea"})
        words_per_minute: int = Field(230, ge=1, description="Most adults read about 230.")

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """The minutes as `output`, the words beside it."""
        words = len(self.config.text.split())
        return self.create_result(round(words / self.config.words_per_minute, 1), words=words)
