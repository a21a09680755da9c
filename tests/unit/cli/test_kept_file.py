from __future__ import annotations

from pathlib import Path

import pytest

from infra.cli.api_client import ApiClient
from infra.cli.kept_file import find_file_links, keep_files

URL = "http://localhost:8000"
ONE, TWO = f"{URL}/files/ex_1/aaa/picture-1.png", f"{URL}/files/ex_1/bbb/picture-1.png"


def test_links_are_found_in_values_and_inside_text_once_each() -> None:
    value = {"output": ONE, "page": [f'<img src="{TWO}"> and ({ONE})'], "size": 3, "other": f"{URL}/docs"}
    assert find_file_links(value, URL) == [ONE, TWO]


def test_links_of_another_address_are_not_ours() -> None:
    assert find_file_links(ONE, "http://localhost:9000") == []


def test_files_are_kept_under_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {ONE: b"one", TWO: b"two"}
    with ApiClient(URL, "key") as client:
        monkeypatch.setattr(client, "download", contents.__getitem__)
        kept = keep_files({"pages": [f"<img src='{ONE}'>", TWO], "n": 1}, client, tmp_path / "new")
    first, second = tmp_path / "new" / "picture-1.png", tmp_path / "new" / "picture-1-2.png"
    assert kept == {"pages": [f"<img src='{first}'>", str(second)], "n": 1}
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")


@pytest.mark.parametrize("value", [None, 3, "text", [], {}])
def test_a_value_without_files_stays_as_it_is(value: object, tmp_path: Path) -> None:
    with ApiClient(URL, "key") as client:
        assert keep_files(value, client, tmp_path) == value
