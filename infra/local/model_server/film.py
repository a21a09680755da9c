"""Making a synthetic film: a few drawn frames, encoded as H.264 in MP4 by imageio-ffmpeg's own ffmpeg."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from infra.local.model_server.picture import draw_picture

FRAMES_PER_SECOND = 2  # frames; enough to see that it moves, and cheap to draw
ENCODE_TIMEOUT_SECONDS = 120  # seconds; a film of 12 s at 1792x1024 takes about 2 s of one core


class FilmError(Exception):
    """ffmpeg did not make the film; the message is its last words."""


def draw_frames(prompt: str, width: int, height: int, seconds: int) -> Iterator[Image.Image]:
    """The film's frames: the picture of the prompt with a bar that grows and a clock that runs."""
    still = draw_picture(prompt, width, height, quality="low")
    total = seconds * FRAMES_PER_SECOND
    size = max(min(width, height) // 24, 9)
    for index in range(total):
        frame = still.copy()
        draw = ImageDraw.Draw(frame, "RGBA")
        clock = f"SYNTHETIC film  {index / FRAMES_PER_SECOND:04.1f} s of {seconds} s"
        draw.rectangle((0, 0, width, size * 2), fill=(0, 0, 0, 150))
        draw.rectangle(
            (0, size * 2, width * (index + 1) / total, size * 2 + max(size // 3, 2)), fill=(255, 190, 60, 255)
        )
        draw.text(
            (width / 2, size), clock, fill="white", font=ImageFont.load_default(size * 0.9), anchor="mm"
        )
        yield frame


def make_film(prompt: str, width: int, height: int, seconds: int) -> bytes:
    """An MP4 file of ``width`` by ``height`` pixels (even numbers); the same bytes for the same request.

    Raises ``FilmError`` when ffmpeg fails.
    """
    import imageio_ffmpeg

    with tempfile.TemporaryDirectory(prefix="mini-n8n-film-") as folder:
        target = Path(folder) / "film.mp4"
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
            "-r", str(FRAMES_PER_SECOND), "-i", "-",
            "-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-pix_fmt", "yuv420p", "-threads", "1",
            "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
            "-metadata", "comment=Synthetic film of the offline model server", "-movflags", "+faststart",
            str(target),
        ]  # fmt: skip
        raw = b"".join(frame.tobytes() for frame in draw_frames(prompt, width, height, seconds))
        done = subprocess.run(
            command, input=raw, capture_output=True, timeout=ENCODE_TIMEOUT_SECONDS, check=False
        )
        if done.returncode != 0:
            raise FilmError(
                f"ffmpeg ended with {done.returncode}: {done.stderr.decode(errors='replace')[-400:]}"
            )
        return target.read_bytes()
