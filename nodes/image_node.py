"""The image node: pictures from a prompt, stored, their links as the result."""

from __future__ import annotations

from engine.json_value import JsonObject
from nodes.base import BaseNode, NodeContext, NodeInputs, NodeResult, RetryableNodeError, StoredFile
from nodes.image_config import ImageConfig, ImageOutput
from nodes.picture_file import recognise_picture


class ImageNode(BaseNode):
    """Makes pictures. They are files of their execution, so their links are not cached unless asked."""

    type = "image"
    title = "Picture"
    description = "Makes pictures from a prompt and stores them."
    category = "ai"
    executor = "ai"
    reads_inputs = False
    # High quality takes up to two minutes (https://platform.openai.com/docs/guides/image-generation).
    default_timeout_seconds = 240
    Config = ImageConfig
    Output = ImageOutput
    config: ImageConfig

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """Order the pictures and store them; RetryableNodeError where ordering again may help."""
        from nodes.image_openai import order_pictures

        pictures = await order_pictures(self.config, context)
        stored = [await self._save(index, data, context) for index, data in enumerate(pictures.files)]
        files: list[JsonObject] = [file.as_json() for file in stored]
        return self.create_result(
            stored[0].url,
            images=files,
            model=self.config.model,
            revised_prompt=pictures.revised_prompt,
            usage=pictures.usage,
        )

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """JPEG has no transparency."""
        if config.get("background") == "transparent" and config.get("output_format") == "jpeg":
            return [("config.background", "transparent needs output_format png or webp")]
        return []

    async def _save(self, index: int, data: bytes, context: NodeContext) -> StoredFile:
        kind = recognise_picture(data)
        if kind is None:
            raise RetryableNodeError(
                f"the model server answered {len(data)} bytes that are no picture", node_id=context.node_id
            )
        extension, content_type = kind
        return await context.files.save(f"{context.node_id}-{index + 1}.{extension}", data, content_type)
