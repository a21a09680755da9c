"""Secrets of credentials are masked wherever a node run shows; log lines are bounded."""

from __future__ import annotations

import base64
import json
import logging

import pytest
from pydantic import SecretStr

from engine.errors import NodeError
from engine.node import Credential, NodeContext, NodeInputs, NodeResult
from engine.runner.masking import Mask
from engine.runner.node_log import MAX_LINE_CHARACTERS, MAX_LINES
from tests.unit.engine_bench import EngineBench, node

SECRET = 's3cret/"token"'


@pytest.fixture
def execution(bench: EngineBench) -> str:
    bench.store_credential("mine", "bearer", token=SECRET)
    return bench.begin(node("a", credential="mine"))


def credential(kind: str, **values: str) -> Credential:
    return Credential("mine", kind, {part: SecretStr(value) for part, value in values.items()})


def test_a_node_gets_the_credential_that_its_config_names_and_no_other(
    bench: EngineBench, execution: str
) -> None:
    bench.store_credential("other", "bearer", token="other-token")
    bench.run(execution, "a")
    (context,) = bench.scripts.calls
    assert list(context.credentials) == ["mine"]
    assert context.credential("mine").part("token") == SECRET


def test_a_credential_that_is_not_stored_fails_the_node_and_names_the_field(bench: EngineBench) -> None:
    execution = bench.begin(node("a", credential="nowhere"))
    with pytest.raises(NodeError):
        bench.run(execution, "a")
    error = bench.record(execution, "a").error
    assert error is not None
    assert error.field == "config.credential"
    assert "there is no credential 'nowhere'" in error.message


def test_a_secret_is_masked_in_results_keys_and_logs(bench: EngineBench, execution: str) -> None:
    def leak(config: object, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        context.logger.info(f"token {SECRET} sent")
        return NodeResult({"output": [f"a {SECRET} b", {SECRET: 1}], "count": 3})

    bench.scripts.run = leak
    bench.run(execution, "a")
    run = bench.record(execution, "a")
    assert run.result == {"output": ["a *** b", {"***": 1}], "count": 3}
    assert [line.message for line in run.logs] == ["token *** sent"]


def test_a_secret_is_masked_in_errors_and_tracebacks(
    bench: EngineBench, execution: str, caplog: pytest.LogCaptureFixture
) -> None:
    def leak(config: object, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        context.logger.warning("about to fail")
        raise ValueError(f"refused {SECRET}")

    bench.scripts.run = leak
    with caplog.at_level(logging.DEBUG), pytest.raises(NodeError) as caught:
        bench.run(execution, "a")
    run = bench.record(execution, "a")
    assert run.error is not None
    assert run.error.message == "ValueError: refused ***"
    assert [line.message for line in run.logs] == ["about to fail"]
    assert SECRET not in str(caught.value)
    assert SECRET not in caplog.text
    assert "ValueError: refused ***" in caplog.text


def test_a_masked_result_is_what_the_cache_keeps(bench: EngineBench) -> None:
    bench.store_credential("mine", "bearer", token=SECRET)
    document = node("a", credential="mine", cache_ttl_seconds=60)
    bench.scripts.run = lambda *_: NodeResult({"output": SECRET})
    for _ in range(2):
        execution = bench.begin(document)
        bench.run(execution, "a")
        assert bench.record(execution, "a").result == {"output": "***"}
    assert bench.record(execution, "a").cache == "hit"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps(SECRET),
        "s3cret%2F%22token%22",
    ],
)
def test_every_common_spelling_of_a_secret_is_masked(text: str) -> None:
    masked = Mask([credential("bearer", token=SECRET)]).text(f"<{text}>")
    assert "s3cret" not in masked
    assert "***" in masked


def test_a_basic_credential_is_masked_as_its_header_too() -> None:
    mask = Mask([credential("basic", username="someone", password="password1")])
    header = base64.b64encode(b"someone:password1").decode()
    assert mask.text(f"someone password1 Basic {header}") == "someone *** Basic ***"


def test_a_secret_that_looks_like_json_leaves_the_result_json(bench: EngineBench) -> None:
    bench.store_credential("mine", "header", name="X-Key", value='{"a":1}')
    execution = bench.begin(node("a", credential="mine"))
    bench.scripts.run = lambda *_: NodeResult({"output": {"a": 1}, "text": '{"a":1}'})
    bench.run(execution, "a")
    assert bench.record(execution, "a").result == {"output": {"a": 1}, "text": "***"}


def test_a_secret_of_digits_leaves_numbers_that_contain_it_and_hides_its_own(bench: EngineBench) -> None:
    bench.store_credential("mine", "bearer", token="123456")
    execution = bench.begin(node("a", credential="mine"))
    bench.scripts.run = lambda *_: NodeResult({"output": [9123456, 123456, "123456", True, None, 1.5]})
    bench.run(execution, "a")
    assert bench.record(execution, "a").result == {"output": [9123456, "***", "***", True, None, 1.5]}


def test_a_short_secret_does_not_turn_text_into_asterisks() -> None:
    assert Mask([credential("bearer", token="a")]).text("banana") == "banana"


def test_the_last_log_lines_are_kept_and_long_ones_cut(bench: EngineBench) -> None:
    def chat(config: object, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        for number in range(1_000):
            context.logger.debug(f"line {number}")
        context.logger.error("x" * 10_000)
        context.logger.info("bad \ud800 text")
        return NodeResult({"output": None})

    execution = bench.begin(node("a"))
    bench.scripts.run = chat
    bench.run(execution, "a")
    logs = bench.record(execution, "a").logs
    assert len(logs) == MAX_LINES
    assert (logs[0].message, logs[0].level) == ("line 952", "debug")
    assert (logs[-2].message, logs[-2].level) == ("x" * (MAX_LINE_CHARACTERS - 1) + "…", "error")
    assert logs[-1].message == "bad \\ud800 text"
