from __future__ import annotations

import pytest

from engine.errors import ExpressionError
from engine.expression import Scope, resolve

SCOPE = Scope(
    results={
        "draft": {
            "output": "text",
            "nothing": None,
            "no": False,
            "zero": 0,
            "empty": [],
            "usage": {"tokens": 12},
            "items": [{"name": "a", "price": 3}, {"name": "b", "price": None}, {"name": "c"}],
        },
        "topic": {"output": "node wins", "value": "node wins"},
    },
    inputs={"topic": "input loses", "tone": "dry", "odd name": 1, "inputs": "hidden"},
    execution={"id": "e1", "workflow_name": "Blog"},
    item={"id": 7},
    index=2,
    node_ids=frozenset({"draft", "topic", "skipped"}),
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("draft.output", "text"),
        ("draft.usage.tokens", 12),
        ("draft.items[0].name", "a"),
        ("draft.items[-1].name", "c"),
        ("draft.nothing", None),
        ("draft.zero", 0),
        ("topic.output", "node wins"),
        ("inputs.topic", "input loses"),
        ("tone", "dry"),
        ('"odd name"', 1),
        ("execution.id", "e1"),
        ("item.id", 7),
        ("index", 2),
        ("inputs.inputs", "hidden"),
        # a default
        ("draft.missing || 'd'", "d"),
        ("draft.missing.deeper[3].still || 'd'", "d"),
        ("skipped.output || draft.output", "text"),
        ("unknown || missing || tone", "dry"),
        ("length(draft.missing) || `0`", 0),
        ("draft.nothing || 'd'", "d"),
        ("draft.no || 'd'", "d"),
        ("draft.empty || 'd'", "d"),
        ("draft.zero || 'd'", 0),
        ("not_null(skipped.output, draft.missing, tone)", "dry"),
        ("default(draft.missing, 'd')", "d"),
        ("default(draft.no, 'd')", False),
        ("exists(draft.output)", True),
        ("exists(draft.nothing)", False),
        ("exists(skipped.output)", False),
        # where null is the answer
        ("draft.missing == 'x'", False),
        ("draft.missing != 'x'", True),
        ("draft.missing == `null`", True),
        ("draft.missing > `1`", None),
        ("!draft.missing", True),
        ("!draft.output", False),
        ("!draft.zero", False),
        ("!draft.items[?price]", False),
        ("!draft.nothing == `true`", True),
        ("draft.missing && draft.output", None),
        ("draft.output && draft.usage.tokens", 12),
        ("draft.items[*].price", [3]),
        ("draft.items[].name", ["a", "b", "c"]),
        ("draft.items[?price].name", ["a"]),
        ("draft.items[?price > `1` || name == 'c'].name", ["a", "c"]),
        ("draft.items[?nowhere.at.all]", []),
        (
            "draft.items[*].{n: name, p: price}",
            [{"n": n, "p": p} for n, p in zip("abc", [3, None, None], strict=True)],
        ),
        ("draft.items[*].[name, price]", [["a", 3], ["b", None], ["c", None]]),
        ("map(&price, draft.items)", [3, None, None]),
        ("draft.usage.*", [12]),
        ("draft.items[1:].name", ["b", "c"]),
        ("draft.items[::-1].name", ["c", "b", "a"]),
        ("draft.items[*].name | [0]", "a"),
        ("[draft.output, tone]", ["text", "dry"]),
        ("sort_by(draft.items, &name)[-1].name", "c"),
        # equality as JSON has it
        ("`1` == `1.0`", True),
        ("`1` == `true`", False),
        ("`[1]` == `[true]`", False),
        ('`{"a": [0]}` == `{"a": [false]}`', False),
        ("`1` < 'a'", None),
        ("'a' < 'b'", True),
    ],
)
def test_an_expression_gives(expression: str, expected: object) -> None:
    assert resolve(f"{{{{ {expression} }}}}", SCOPE) == expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("draft.ouptut", "'draft' has no 'ouptut'; did you mean 'output'? There is: output, nothing"),
        ("draft.output.text", "'draft.output' is a string, which has no 'text'"),
        ("draft.nothing.text", "'draft.nothing' is null, which has no 'text'"),
        ("draft.usage.token.count", "'draft.usage' has no 'token'; did you mean 'tokens'?"),
        ("draft.items[3]", "'draft.items' has 3 elements, and no [3]"),
        ("draft.items[0].nmae", "'draft.items[0]' has no 'nmae'; did you mean 'name'?"),
        ("draft.output[0]", "'draft.output' is a string, which has no element [0]"),
        ("draft.output[*]", "'draft.output' is a string where a list is needed"),
        ("draft.items.*", "'draft.items' is an array where an object is needed"),
        ("draft.usage[]", "'draft.usage' is an object where a list is needed"),
        ("draft.usage[?tokens]", "'draft.usage' is an object where a list is needed"),
        ("draft.output[0:2]", "'draft.output' is a string, and only a list has slices"),
        ("draft.nothing.{a: b}", "'draft.nothing' is null, and nothing can be selected from it"),
        ("drafft.output", "there is no node and no input 'drafft'; did you mean 'draft'?"),
        (
            "skipped.output",
            "node 'skipped' has no result (it was skipped, or runs later); write 'skipped.output ||",
        ),
        ("draft.missing || draft.other", "'draft' has no 'other'"),
        ("upper(draft.missing)", "'draft' has no 'missing'"),
        ("{a: draft.missing}", "'draft' has no 'missing'"),
        ("draft.output && draft.missing", "'draft' has no 'missing'"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error(expression: str, said: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        resolve({"prompt": f"Say {{{{ {expression} }}}}!"}, SCOPE, node_id="post")
    error = raised.value
    assert str(error).startswith(f"node 'post', config.prompt: '{{{{ {expression} }}}}': {said}")
    assert (error.node_id, error.field, error.expression) == ("post", "config.prompt", expression)


def test_item_and_index_exist_under_for_each_alone() -> None:
    for name in ("item", "index"):
        with pytest.raises(ExpressionError, match=f"'{name}' exists only in a node with for_each"):
            resolve(f"{{{{ {name} }}}}", Scope())


def test_null_is_an_item() -> None:
    assert resolve("{{ item }}", Scope(item=None, index=0)) is None


def test_what_is_optional_is_null_where_it_is_missing() -> None:
    value = {
        "left": "{{ draft.missing }}",
        "text": "a {{ skipped.output }} b",
        "all": [{"left": ["{{ nowhere }}"]}],
    }
    found = resolve(value, SCOPE, optional=("left", "text", "all[0].left"))
    assert found == {"left": None, "text": "a  b", "all": [{"left": [None]}]}


def test_what_is_optional_may_fail_in_other_ways() -> None:
    with pytest.raises(ExpressionError, match=r"upper\(\) takes a string, and was given a number"):
        resolve({"left": "{{ upper(index) }}"}, SCOPE, optional=("left",))


def test_optional_ends_at_the_whole_name() -> None:
    with pytest.raises(ExpressionError, match=r"config\.left_side"):
        resolve({"left_side": "{{ nowhere }}"}, SCOPE, optional=("left",))


def test_what_is_skipped_stays_as_it_is() -> None:
    value = {"code": "{{ not jmespath", "auth": {"name": "{{ x }}"}, "prompt": "{{ tone }}"}
    assert resolve(value, SCOPE, skip=("code", "auth")) == {**value, "prompt": "dry"}


def test_resolving_changes_nothing_that_was_given() -> None:
    value = {"a": ["{{ tone }}", {"b": "{{ index }}"}]}
    assert resolve(value, SCOPE) == {"a": ["dry", {"b": 2}]}
    assert value == {"a": ["{{ tone }}", {"b": "{{ index }}"}]}
