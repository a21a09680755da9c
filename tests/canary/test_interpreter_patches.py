"""Each mend of moto's interpreter: without it the defect is there, with it alone it is gone.

A failure here after an update of moto says which patch is no longer needed, or no longer applies.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local.asl import AslOutcome
from infra.local.asl.interpreter import AslExecution, ExecutionRequest
from infra.local.asl.patches import (
    INTERPRETER_PATCHES,
    apply_interpreter_patches,
    branch_errors,
    catch_all,
    choice_errors,
    distributed_failures,
    failure_logs,
    heartbeat,
    integer_percentage,
    json_paths,
    jsonata_evaluator,
    kept_threads,
    lambda_calls,
    lambda_errors,
    map_concurrency,
    map_recursion,
    parse_cache,
    request_casing,
    stopped_programs,
    task_tokens,
    time_scale,
    token_waits,
)
from infra.local.asl.run_settings import RunSettings, running_with
from infra.local.patch import Patch, Replacement, SeamMissingError, patched, unpatched

Definition = dict[str, Any]
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"


@pytest.fixture(scope="module", autouse=True)
def interpreter() -> None:
    apply_interpreter_patches()


def run(
    definition: Definition,
    input: Any = None,
    invoke: Callable[[str, Any], Any] | None = None,
    on_start: Callable[[AslExecution], None] = lambda execution: None,
) -> AslOutcome:
    """Run with the patches that are applied now, not with all of them."""
    import json

    from infra.local.asl import interpreter

    prefix = "arn:aws:states:us-east-1:000000000000"
    request = ExecutionRequest(
        execution_arn=f"{prefix}:execution:canary:{threading.get_ident()}",
        name="canary",
        input=input if input is not None else {},
        start_date="2026-01-01T00:00:00.000Z",
        machine_arn=f"{prefix}:stateMachine:canary",
        machine_name="canary",
        machine_type="STANDARD",
        role_arn="arn:aws:iam::000000000000:role/canary",
        definition=json.dumps(definition),
    )
    settings = RunSettings(time_scale=0.0, invoke=invoke or (lambda function, payload: payload))
    execution = AslExecution.__new__(AslExecution)
    execution._worker = interpreter._worker(request)
    execution._stop = None
    execution._lock = threading.Lock()
    on_start(execution)
    with running_with(request.execution_arn, settings):
        execution._worker.start()
    return execution._outcome()


def one(state: Definition) -> Definition:
    return {"StartAt": "Only", "States": {"Only": state}}


TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}


def caught(state: Definition, name: str) -> Definition:
    states = {
        "Only": {**{k: v for k, v in state.items() if k != "End"}, "Next": "Missed"},
        "Caught": {"Type": "Pass", "Result": "caught", "End": True},
        "Missed": {"Type": "Succeed"},
    }
    states["Only"]["Catch"] = [{"ErrorEquals": [name], "Next": "Caught"}]
    return {"StartAt": "Only", "States": states}


def test_every_patch_finds_its_seam() -> None:
    assert [patch.name for patch in INTERPRETER_PATCHES if not patch.is_applied] == []


def test_a_seam_that_is_gone_is_named() -> None:
    def replacements() -> Iterator[Replacement]:
        yield Replacement(sys.modules["moto.stepfunctions"], "absent", lambda original: original)

    with pytest.raises(SeamMissingError, match=r"moto\.stepfunctions\.absent is gone"):
        Patch("canary", replacements).apply()


def test_taking_the_patches_off_and_putting_them_on_changes_nothing() -> None:
    with unpatched():
        assert not any(patch.is_applied for patch in INTERPRETER_PATCHES)
    assert all(patch.is_applied for patch in INTERPRETER_PATCHES)


def test_branch_errors() -> None:
    def too_late(function: str, payload: Any) -> None:
        time.sleep(1.5)

    branch = one({**TASK, "TimeoutSeconds": 1})
    definition = caught({"Type": "Parallel", "Branches": [branch]}, "States.Timeout")
    with patched(lambda_calls.PATCH):
        assert run(definition, invoke=too_late).error == "States.Runtime"
    with patched(lambda_calls.PATCH, branch_errors.PATCH):
        assert run(definition, invoke=too_late).output == "caught"


def test_catch_all() -> None:
    def too_much(function: str, payload: Any) -> str:
        return "x" * 300_000

    definition = caught(TASK, "States.ALL")
    with patched(lambda_calls.PATCH):
        assert run(definition, invoke=too_much).output == "caught"
    with patched(lambda_calls.PATCH, catch_all.PATCH):
        assert run(definition, invoke=too_much).error == "States.DataLimitExceeded"


def test_choice_errors() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "End"}]}
    definition = {"StartAt": "C", "States": {"C": choice, "End": {"Type": "Succeed"}}}
    with patched():
        assert run(definition, {"a": 2}).error == "States.Runtime"
    with patched(choice_errors.PATCH):
        assert run(definition, {"a": 2}).error == "States.NoChoiceMatched"


def distributed(**more: Any) -> Definition:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return one(
        {
            "Type": "Map",
            "ItemProcessor": {**processor, **one({"Type": "Fail", "Error": "Item"})},
            "End": True,
            **more,
        }
    )


def test_distributed_failures() -> None:
    with patched():
        assert run(distributed(), [1]).status == "SUCCEEDED"
    with patched(distributed_failures.PATCH):
        assert run(distributed(), [1]).error == "States.ExceedToleratedFailureThreshold"


@pytest.mark.parametrize(
    ("failed", "total", "count", "percentage", "exceeded"),
    [
        (0, 9, 0, 0, False),
        (1, 9, 0, 0, True),
        (1, 9, 1, 0, False),
        (2, 9, 1, 0, True),
        (1, 10, 0, 10, False),
        (2, 10, 0, 10, True),
        (2, 10, 5, 10, True),
        (2, 10, 1, 90, True),
        (2, 10, 5, 90, False),
    ],
)
def test_the_tolerance_counts_both_ways(
    failed: int, total: int, count: int, percentage: float, exceeded: bool
) -> None:
    found = distributed_failures.is_threshold_exceeded(failed, total, count, percentage)
    assert found is exceeded


def test_failure_logs(caplog: pytest.LogCaptureFixture) -> None:
    name = "moto.stepfunctions.parser.asl.component.eval_component"
    with caplog.at_level("ERROR", logger=name), patched():
        run(one({"Type": "Fail", "Error": "E"}))
    assert [record.name for record in caplog.records if "StateFail|" in record.message] == [name]
    caplog.clear()
    with caplog.at_level("ERROR", logger=name), patched(failure_logs.PATCH):
        run(one({"Type": "Fail", "Error": "E"}))
    assert caplog.records == []


WAITING = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": FUNCTION, "Payload": {"token.$": "$$.Task.Token"}},
    "TimeoutSeconds": 30,
    "End": True,
}


def test_heartbeat() -> None:
    state = {**WAITING, "HeartbeatSeconds": 1}
    with patched(lambda_calls.PATCH):
        assert run(one(state)).error == "States.Timeout"
    with patched(lambda_calls.PATCH, heartbeat.PATCH):
        assert run(one(state)).error == "States.HeartbeatTimeout"


class Tokens:
    """Answers the calls of one execution, and knows the tokens that it was given."""

    def __init__(self, answer: Callable[[Tokens, int], None]) -> None:
        self.seen: list[str] = []
        self.taken: list[bool] = []
        self._answer = answer

    def begin(self, execution: AslExecution) -> None:
        self.execution = execution

    def invoke(self, function: str, payload: Any) -> None:
        self.seen.append(payload["token"])
        self._answer(self, len(self.seen))

    def succeed(self, number: int) -> None:
        self.taken.append(self.execution.send_task_success(self.seen[number - 1], '"fine"'))

    def run(self, state: Definition) -> AslOutcome:
        return run(state, None, self.invoke, self.begin)


def test_task_tokens_are_new_with_each_attempt() -> None:
    def fail_first(tokens: Tokens, number: int) -> None:
        if number == 1:
            tokens.execution.send_task_failure(tokens.seen[0], "Busy", "try again")
        else:
            tokens.succeed(number)

    state = one({**WAITING, "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}]})
    with patched(lambda_calls.PATCH, time_scale.PATCH):
        tokens = Tokens(fail_first)
        assert (tokens.run(state).error, tokens.seen[0] == tokens.seen[1]) == ("Busy", True)
    with patched(lambda_calls.PATCH, time_scale.PATCH, task_tokens.PATCH):
        tokens = Tokens(fail_first)
        assert (tokens.run(state).output, tokens.seen[0] == tokens.seen[1]) == ("fine", False)


def test_task_tokens_end_with_their_attempt() -> None:
    def break_first(tokens: Tokens, number: int) -> None:
        if number == 1:
            raise ValueError("broken")
        tokens.succeed(1)
        tokens.succeed(number)

    first = {**WAITING, "Catch": [{"ErrorEquals": ["ValueError"], "Next": "Second"}]}
    state = {"StartAt": "First", "States": {"First": first, "Second": WAITING}}
    for patches, taken in (((), [True, True]), ((task_tokens.PATCH,), [False, True])):
        with patched(lambda_calls.PATCH, *patches):
            tokens = Tokens(break_first)
            assert (tokens.run(state).output, tokens.taken) == ("fine", taken)


def test_token_waits_see_an_answer_that_came_before_them() -> None:
    state = one({**WAITING, "HeartbeatSeconds": 1})
    for patches, error in (((), "States.Timeout"), ((token_waits.PATCH,), None)):
        with patched(lambda_calls.PATCH, *patches):
            assert Tokens(lambda tokens, number: tokens.succeed(number)).run(state).error == error


def test_token_waits_end_with_their_branch() -> None:
    waiting = threading.Event()

    def fail(function: str, payload: Any) -> None:
        if "token" in payload:
            waiting.set()
            return
        waiting.wait(10)
        raise ValueError("broken")

    calling = {**WAITING, "Resource": "arn:aws:states:::lambda:invoke"}
    calling["Parameters"] = {"FunctionName": FUNCTION, "Payload": {}}
    branches = [one({**WAITING, "TimeoutSeconds": 4}), one(calling)]
    state = one({"Type": "Parallel", "Branches": branches, "End": True})

    def left_behind(*patches: Patch) -> int:
        waiting.clear()
        with patched(lambda_calls.PATCH, *patches):
            before = set(threading.enumerate())
            assert run(state, {}, fail).error == "ValueError"
            time.sleep(1)
            return len([thread for thread in threading.enumerate() if thread not in before])

    assert left_behind() > 0
    time.sleep(4)
    assert left_behind(token_waits.PATCH) == 0


def test_integer_percentage() -> None:
    from moto.stepfunctions.parser.asl.parse.asl_parser import ASLParserException

    definition = distributed(ToleratedFailurePercentage=100)
    with patched(), pytest.raises(ASLParserException):
        run(definition, [1])
    with patched(integer_percentage.PATCH):
        assert run(definition, [1]).status == "SUCCEEDED"


def test_jsonata_evaluator() -> None:
    definition = one({"Type": "Pass", "Output": "{% $states.input.a + 1 %}", "End": True})
    definition["QueryLanguage"] = "JSONata"
    with patched():
        assert run(definition, {"a": 1}).error == "States.Runtime"
    with patched(jsonata_evaluator.PATCH):
        assert run(definition, {"a": 1}).output == 2


def test_kept_threads() -> None:
    from moto.stepfunctions.parser import utils

    with patched():
        before = len(utils.TMP_THREADS)
        run(one({"Type": "Succeed"}))
        assert len(utils.TMP_THREADS) > before
    with patched(kept_threads.PATCH):
        run(one({"Type": "Succeed"}))
        assert len(utils.TMP_THREADS) == 0


def test_lambda_calls_is_the_only_way_to_answer_without_a_server() -> None:
    with patched(lambda_calls.PATCH):
        assert run(one(TASK), {"a": 1}).output == {"a": 1}


def test_lambda_errors() -> None:
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

    def throttled(**_: Any) -> None:
        answer = {"Error": {"Code": "TooManyRequestsException", "Message": "slower"}}
        raise ClientError(answer, "Invoke")  # type: ignore[arg-type] - the typed dict wants more than is read

    calls = [Replacement(lambda_eval_utils, "execute_lambda_function_integration", lambda _: throttled)]
    probe = Patch("probe", lambda: iter(calls))
    with patched(probe):
        assert run(one(TASK)).error == "Exception"
    with patched(probe, lambda_errors.PATCH):
        assert run(one(TASK)).error == "Lambda.TooManyRequestsException"


def most_at_once(patches: tuple[Patch, ...], items: int) -> int:
    running = most = 0
    lock = threading.Lock()

    def invoke(function: str, payload: Any) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.5)  # long enough for all to begin, also on a busy machine
        with lock:
            running -= 1

    with patched(lambda_calls.PATCH, *patches):
        run(one({"Type": "Map", "ItemProcessor": one(TASK), "End": True}), [*range(items)], invoke)
    return most


def test_map_concurrency() -> None:
    assert most_at_once((), 60) > 40
    assert most_at_once((map_concurrency.PATCH,), 60) <= 40


def test_map_recursion() -> None:
    definition = one(
        {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": one({"Type": "Pass", "End": True}), "End": True}
    )
    worker = "moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker"
    depth: list[int] = []
    module = sys.modules[worker]

    def measured(original: Any) -> Any:
        def eval_job(self: Any, env: Any, job: Any) -> None:
            frame, found = sys._getframe(), 0
            while frame is not None:
                found += frame.f_code.co_name == "_eval_pool"
                frame = frame.f_back  # type: ignore[assignment] - the outermost frame has none
            depth.append(found)
            original(self, env, job)

        return eval_job

    probe = Patch("probe", lambda: iter([Replacement(module.IterationWorker, "_eval_job", measured)]))
    with patched(probe):
        run(definition, [*range(20)])
        assert max(depth) == 20
    depth.clear()
    with patched(probe, map_recursion.PATCH):
        run(definition, [*range(20)])
        assert max(depth) == 1


def test_parse_cache() -> None:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    definition = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    with patched():
        first = AmazonStateLanguageParser.parse(definition)
        assert AmazonStateLanguageParser.parse(definition)[0] is not first[0]
    with patched(parse_cache.PATCH):
        first = AmazonStateLanguageParser.parse(definition)
        assert AmazonStateLanguageParser.parse(definition)[0] is first[0]


def test_json_paths() -> None:
    from moto.stepfunctions.parser.asl.component.common.path import result_path
    from moto.stepfunctions.parser.asl.utils import json_path

    for module, path in ((json_path, "$.a[0].b"), (result_path, "$.a.b")):
        with patched():
            assert module.parse(path) is not module.parse(path)
        with patched(json_paths.PATCH):
            assert module.parse(path) is module.parse(path)
    with patched(json_paths.PATCH):
        assert [json_path.extract_json("$.a.b", {"a": {"b": n}}) for n in (1, 2)] == [1, 2]


def test_request_casing() -> None:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
        state_task_service_dynamodb,
    )

    class Task:
        def __init__(self) -> None:
            self.service = state_task_service_dynamodb.StateTaskServiceDynamoDB()
            self.service._get_boto_service_name = lambda boto_service_name=None: "dynamodb"
            self.service._get_boto_service_action = lambda service_action_name=None: "get_item"

    def normalised() -> dict[str, Any]:
        parameters: dict[str, Any] = {"tableName": "t", "key": {}}
        Task().service._normalise_parameters(parameters)
        return parameters

    with patched():
        assert normalised() == {"tableName": "t", "key": {}}
    with patched(request_casing.PATCH):
        assert normalised() == {"TableName": "t", "Key": {}}


def test_time_scale() -> None:
    definition = one({"Type": "Wait", "Seconds": 1, "End": True})

    def seconds(*patches: Patch) -> float:
        with patched(*patches):
            started = time.monotonic()
            run(definition)
            return time.monotonic() - started

    assert seconds() >= 1
    assert seconds(time_scale.PATCH) < 0.5


def test_the_interpreter_is_imported_without_the_emulation_of_ec2() -> None:
    def modules(statement: str) -> str:
        program = f"import sys; {statement}; print('moto.ec2.models' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert modules("import moto.stepfunctions.parser.backend.execution_worker") == "True"
    light = "from infra.local.asl.light_import import import_interpreter as load; load()"
    assert modules(light) == "False"


def test_stopped_programs() -> None:
    from moto.stepfunctions.parser.asl.eval.environment import Environment
    from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped

    env = object.__new__(Environment)
    env._program_state = ProgramStopped(stop_date=None, error=None, cause=None)
    with patched(), pytest.raises(RuntimeError):
        env.next_state_name = "next"
    with patched(stopped_programs.PATCH):
        env.next_state_name = "next"
        assert env.next_state_name is None
        assert isinstance(env.program_state(), ProgramStopped)
