"""Drawing a synthetic picture: a calm background, the prompt's words, and the word SYNTHETIC across it."""

from __future__ import annotations

import io
import textwrap

from PIL import Image, ImageDraw, ImageFont

from infra.local.model_server.seed import digest, pick_number
from infra.local.model_server.topic import clean_prompt

LABEL = "SYNTHETIC"
MAX_PROMPT_CHARACTERS = 400  # characters of the prompt drawn; more would be unreadably small
_SHAPES = {"low": 3, "medium": 6, "high": 10}
_FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}


def draw_picture(
    prompt: str, width: int, height: int, *, quality: str = "medium", variant: int = 0
) -> Image.Image:
    """An RGB picture of ``width`` by ``height`` pixels that shows ``prompt`` and the label."""
    key = digest(prompt, variant)
    picture = _draw_background(key, width, height)
    draw = ImageDraw.Draw(picture, "RGBA")
    short = min(width, height)
    for index in range(_SHAPES.get(quality, _SHAPES["medium"])):
        x, y = pick_number(width, key, "x", index), pick_number(height, key, "y", index)
        radius = short // 12 + pick_number(max(short // 5, 1), key, "r", index)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*_colour(key, index), 70))
    size = max(short // 22, 9)
    columns = max(int(width * 0.86 / (size * 0.56)), 8)
    shown = textwrap.shorten(clean_prompt(prompt), MAX_PROMPT_CHARACTERS, placeholder=" …") or "(no prompt)"
    text = "\n".join(textwrap.wrap(shown, columns)[: max(height // (size * 2), 1)])
    centre = (width / 2, height / 2)
    draw.multiline_text(
        centre, text, fill="white", font=ImageFont.load_default(size), anchor="mm", align="center",
        stroke_width=max(size // 14, 1), stroke_fill=(0, 0, 0, 180),
    )  # fmt: skip
    _draw_label(draw, width, height, short)
    return picture


def encode_picture(picture: Image.Image, kind: str = "png") -> bytes:
    """``picture`` as a PNG, JPEG or WebP file; the PNG also says in its text that it is synthetic."""
    out = io.BytesIO()
    if kind == "png":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text("Description", "Synthetic picture of the offline model server; no model was asked.")
        picture.save(out, "PNG", pnginfo=info, compress_level=1)
    else:
        picture.save(out, _FORMATS[kind], quality=80)
    return out.getvalue()


def _colour(key: str, index: int) -> tuple[int, int, int]:
    """One of the 21 muted colours that the 64 digits of ``key`` spell."""
    start = (index % 10) * 6
    red, green, blue = (int(key[start + step : start + step + 2], 16) for step in (0, 2, 4))
    return 40 + red * 5 // 8, 40 + green * 5 // 8, 40 + blue * 5 // 8


def _draw_background(key: str, width: int, height: int) -> Image.Image:
    """A vertical gradient between two colours, made small and stretched: cheap at any size."""
    small = Image.new("RGB", (1, 2))
    small.putpixel((0, 0), _colour(key, 0))
    small.putpixel((0, 1), _colour(key, 1))
    return small.resize((width, height), Image.Resampling.BILINEAR)


def _draw_label(draw: ImageDraw.ImageDraw, width: int, height: int, short: int) -> None:
    band = max(short // 9, 14)
    draw.rectangle((0, height - band, width, height), fill=(0, 0, 0, 170))
    size = min(band * 0.6, width / 9)
    label = f"{LABEL} · made offline"
    draw.text(
        (width / 2, height - band / 2), label, fill="white", font=ImageFont.load_default(size), anchor="mm"
    )
