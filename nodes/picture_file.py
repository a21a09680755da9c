"""What kind of picture some bytes are, by their first ones."""

from __future__ import annotations

# Signatures: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
_SIGNATURES: tuple[tuple[bytes, bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", b"", "png", "image/png"),
    (b"\xff\xd8\xff", b"", "jpg", "image/jpeg"),
    (b"RIFF", b"WEBP", "webp", "image/webp"),
    (b"GIF87a", b"", "gif", "image/gif"),
    (b"GIF89a", b"", "gif", "image/gif"),
)


def recognise_picture(data: bytes) -> tuple[str, str] | None:
    """(file extension, content type) of a PNG, JPEG, WebP or GIF; None for anything else."""
    for start, inner, extension, content_type in _SIGNATURES:
        if data.startswith(start) and data[8 : 8 + len(inner)] == inner:
            return extension, content_type
    return None
