"""Files that nodes made: kept on this machine before the stack that serves them stops."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

from engine.json_value import JsonValue
from infra.cli.api_client import ApiClient


def find_file_links(value: JsonValue, api_url: str) -> list[str]:
    """Links to files of the API anywhere in a value, also inside text (HTML, Markdown); each once."""
    pattern = re.compile(re.escape(api_url) + r"/files/[A-Za-z0-9_.~%/-]+")
    return list(dict.fromkeys(link for text in _texts(value) for link in pattern.findall(text)))


def keep_files(value: JsonValue, client: ApiClient, folder: Path) -> JsonValue:
    """Download every linked file into ``folder``; the value with their paths instead of the links."""
    links = find_file_links(value, client.url)
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, str] = {}
    for link in links:
        path = _free_path(folder / PurePosixPath(link).name, set(paths.values()))
        path.write_bytes(client.download(link))
        paths[link] = str(path)
    return _replace(value, paths)


def _free_path(path: Path, taken: set[str]) -> Path:
    """The path, numbered where another file of the same run has it."""
    number, candidate = 1, path
    while str(candidate) in taken:
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def _texts(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts: Any = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def _replace(value: JsonValue, paths: dict[str, str]) -> JsonValue:
    if isinstance(value, str):
        # The longest first, for one link may begin another.
        for link in sorted(paths, key=len, reverse=True):
            value = value.replace(link, paths[link])
        return value
    if isinstance(value, dict):
        return {key: _replace(part, paths) for key, part in value.items()}
    return [_replace(part, paths) for part in value] if isinstance(value, list) else value
