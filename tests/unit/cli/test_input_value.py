from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.workflow import Workflow
from infra.cli.failure import CommandError
from infra.cli.input_value import declared_types, needs_base_url, read_inputs


def workflow(**types: str | dict[str, Any]) -> Workflow:
    nodes = [
        {
            "id": f"in_{name}",
            "type": "input",
            "config": {"name": name} | ({"type": kind} if isinstance(kind, str) else kind),
        }
        for name, kind in types.items()
    ]
    return Workflow.model_validate({"name": "w", "nodes": [*nodes, {"id": "out", "type": "output"}]})


def test_an_input_without_a_name_is_called_like_its_node() -> None:
    document = {"name": "w", "nodes": [{"id": "topic", "type": "input"}]}
    assert declared_types(Workflow.model_validate(document)) == {"topic": "string"}


def test_values_are_read_as_their_inputs_declare() -> None:
    document = workflow(
        text="string", count="integer", ratio="number", on="boolean", tags="array", map="object"
    )
    pairs = ["text=5", "count=5", "ratio=0.5", "on=true", 'tags=["a"]', 'map={"a": null}']
    assert read_inputs(document, pairs, None) == {
        "text": "5", "count": 5, "ratio": 0.5, "on": True, "tags": ["a"], "map": {"a": None},
    }  # fmt: skip


def test_a_text_keeps_its_equals_signs_and_may_be_empty() -> None:
    assert read_inputs(workflow(a="string", b="string"), ["a=x=y", "b="], None) == {"a": "x=y", "b": ""}


def test_an_input_of_the_command_line_goes_before_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text(json.dumps({"a": "file", "b": "file"}))
    assert read_inputs(workflow(a="string", b="string"), ["a=line"], file) == {"a": "line", "b": "file"}


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("count", "--input count: write it as NAME=VALUE."),
        ("count=five", "--input count=five: the input is of type integer; write it as JSON."),
        ("cuont=5", "--input cuont=5: there is no input 'cuont'; did you mean 'count'?"),
        ("zzz=5", "--input zzz=5: there is no input 'zzz'; there are: count."),
    ],
)
def test_what_is_no_input_is_refused_with_the_cure(pair: str, said: str) -> None:
    with pytest.raises(CommandError) as refused:
        read_inputs(workflow(count="integer"), [pair], None)
    assert (str(refused.value), refused.value.exit_code) == (said, 2)


def test_a_file_of_inputs_must_be_an_object(tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text("[1]")
    with pytest.raises(CommandError, match="must hold a JSON object of inputs"):
        read_inputs(workflow(a="string"), [], file)


def test_the_offline_data_set_stands_in_only_where_no_address_is_given() -> None:
    asks = workflow(base_url={"required": True})
    assert needs_base_url(asks, {}) is True
    assert needs_base_url(asks, {"base_url": "https://api.example"}) is False
    assert needs_base_url(workflow(base_url={"default": "https://api.example"}), {}) is False
    assert needs_base_url(workflow(topic="string"), {}) is False
