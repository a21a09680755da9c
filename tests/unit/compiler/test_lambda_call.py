from __future__ import annotations

import time
from threading import Thread
from typing import Any

from engine import asl
from engine.compiler.lambda_call import called_nodes, is_wait, wait_for_token
from engine.json_value import JsonObject
from engine.task import Task
from infra.local.asl import AslExecution, run_definition

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:core"
INPUT = {"execution_id": "ex_1", "workflow_id": "wf_1", "version": 3}


def definition(**more: Any) -> JsonObject:
    call = wait_for_token(FUNCTION, ("ask",), "wait")
    state = asl.Task(
        resource=call.resource,
        parameters=call.parameters,
        result_path="$.told",
        timeout_seconds=60,
        next=None,
        **more,
    )
    return asl.Machine("ask", {"ask": state}).to_json()


def test_a_call_that_waits_hands_over_its_token_and_reads_what_is_sent() -> None:
    tasks: list[Task] = []
    started: list[AslExecution] = []

    def invoke(function: str, payload: JsonObject) -> JsonObject:
        task = Task.model_validate(payload)
        tasks.append(task)

        def answer_later() -> None:
            time.sleep(0.1)
            assert task.token is not None
            assert started[0].send_task_success(task.token, '{"approved": true}')

        Thread(target=answer_later).start()
        return {"output_name": "of the call, which nobody reads"}

    ended = run_definition(definition(), INPUT, invoke, on_start=started.append)
    assert (ended.status, ended.output) == ("SUCCEEDED", {**INPUT, "told": {"approved": True}})
    assert [(task.nodes, task.step, bool(task.token)) for task in tasks] == [(("ask",), "wait", True)]


def test_a_call_that_waits_fails_by_the_name_that_is_sent_and_is_tried_again_with_a_new_token() -> None:
    tokens: list[str] = []
    started: list[AslExecution] = []

    def invoke(function: str, payload: JsonObject) -> None:
        tokens.append(payload["token"])
        assert started[0].send_task_failure(payload["token"], "RetryableNodeError", "busy")

    retrier = asl.Retrier(("RetryableNodeError",), max_attempts=2)
    ended = run_definition(definition(retry=(retrier,)), INPUT, invoke, on_start=started.append)
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "RetryableNodeError", "busy")
    assert len(set(tokens)) == 3


def test_what_a_call_runs_can_be_read_from_the_definition() -> None:
    state = definition()["States"]["ask"]
    assert (called_nodes(state), is_wait(state)) == (("ask",), True)
