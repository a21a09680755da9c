from __future__ import annotations

import base64
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import imageio_ffmpeg
import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from PIL import Image

# The SDK marks its own videos methods as deprecated; they are what the server has to speak.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")


def open_picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_picture_is_a_real_png_of_the_size_asked_for(client: OpenAI) -> None:
    answer = client.images.generate(
        prompt="a red boat", model="gpt-image-1.5", size="320x256", quality="high", n=2
    )
    files = [base64.b64decode(item.b64_json or "") for item in answer.data or []]
    pictures = [open_picture(content) for content in files]
    assert [(picture.format, picture.size) for picture in pictures] == [("PNG", (320, 256))] * 2
    assert files[0] != files[1]
    assert pictures[0].text["Description"].startswith("Synthetic picture")  # type: ignore[attr-defined]
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 160)


def test_the_label_is_drawn_into_the_picture(client: OpenAI) -> None:
    """The band at the foot is dark with white letters; above it the picture differs by its prompt."""
    answer = client.images.generate(prompt="a red boat", size="320x320")
    picture = open_picture(base64.b64decode((answer.data or [])[0].b64_json or "")).convert("L")
    band = picture.crop((0, 320 - 35, 320, 320))
    darkest, brightest = band.getextrema()
    assert (float(str(darkest)) < 100, float(str(brightest)) > 240) == (True, True)


def test_the_same_picture_is_made_again_behind_an_address(client: OpenAI, web: httpx.Client) -> None:
    def ask() -> Any:
        return client.images.generate(prompt="a red boat", model="dall-e-3", size="256x256")

    addresses = [(ask().data or [])[0].url for _ in range(2)]
    assert addresses[0] == addresses[1]
    fetched = httpx.get(addresses[0] or "")
    assert (fetched.headers["content-type"], open_picture(fetched.content).size) == ("image/png", (256, 256))
    assert web.get("/files/images/none.png").status_code == 404


def test_jpeg_and_webp_are_made_on_request(client: OpenAI) -> None:
    for kind, name in (("jpeg", "JPEG"), ("webp", "WEBP")):
        answer = client.images.generate(prompt="a red boat", size="64x64", output_format=kind)  # type: ignore[call-overload]
        assert open_picture(base64.b64decode(answer.data[0].b64_json)).format == name


@pytest.mark.parametrize(
    "change", [{"size": "9x9"}, {"size": "big"}, {"n": 11}, {"quality": "best"}, {"prompt": ""}]
)
def test_a_bad_picture_request_is_a_400(client: OpenAI, change: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as bad:
        client.images.generate(**{"prompt": "a boat", **change})
    assert bad.value.param == next(iter(change))


def read_film(content: bytes, folder: Path) -> tuple[str, str]:
    """Duration and size as ffmpeg reads them."""
    path = folder / "film.mp4"
    path.write_bytes(content)
    said = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True, check=False
    )
    duration = said.stderr.split("Duration: ")[1].split(",")[0]
    stream = next(line for line in said.stderr.splitlines() if "Video: h264" in line)
    return duration, next(
        part.split()[0] for part in stream.split(", ") if part[:3].isdigit() and "x" in part
    )


def test_a_film_goes_from_queued_to_a_real_mp4(client: OpenAI, tmp_path: Path) -> None:
    job = client.videos.create(prompt="a red boat", seconds="4", size="320x180")  # type: ignore[arg-type]
    assert (job.status, job.progress, job.seconds, job.size) == ("queued", 0, "4", "320x180")
    with pytest.raises(NotFoundError):
        client.videos.download_content(job.id)
    states = [(state.status, state.progress) for state in (client.videos.retrieve(job.id) for _ in range(3))]
    assert states == [("in_progress", 50), ("completed", 100), ("completed", 100)]
    film = client.videos.download_content(job.id).read()
    assert read_film(film, tmp_path) == ("00:00:04.00", "320x180")
    thumbnail = client.videos.download_content(job.id, variant="thumbnail").read()
    assert (open_picture(thumbnail).format, open_picture(thumbnail).size) == ("WEBP", (320, 180))
    assert client.videos.delete(job.id).deleted
    with pytest.raises(NotFoundError):
        client.videos.retrieve(job.id)


def test_the_sdk_polls_a_job_to_its_end(client: OpenAI) -> None:
    job = client.videos.create_and_poll(prompt="a boat [[video-polls:3]]", seconds="4", size="320x180")  # type: ignore[arg-type]
    assert (job.status, job.progress) == ("completed", 100)
    assert [item.id for item in client.videos.list()] == [job.id]


def test_a_job_fails_when_its_prompt_asks_for_it(client: OpenAI) -> None:
    job = client.videos.create_and_poll(prompt="a boat [[video:failed]]", poll_interval_ms=1)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "video_generation_failed"


def test_a_second_job_of_the_same_prompt_is_a_job_of_its_own(client: OpenAI) -> None:
    first, second = (client.videos.create(prompt="twice [[video:failed]]") for _ in range(2))
    assert (first.id[:-2], first.id[-2:], second.id[-2:]) == (second.id[:-2], "_1", "_2")


@pytest.mark.parametrize("change", [{"seconds": "99"}, {"size": "321x180"}, {"prompt": ""}])
def test_a_bad_film_request_is_a_400(client: OpenAI, change: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as bad:
        client.videos.create(**{"prompt": "a boat", **change})
    assert bad.value.param == next(iter(change))


def test_a_film_can_be_asked_for_in_json_too(web: httpx.Client) -> None:
    answer = web.post(
        "/v1/videos", content=json.dumps({"prompt": "a boat"}), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["size"]) == (200, "720x1280")
