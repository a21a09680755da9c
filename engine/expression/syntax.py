"""From the text of an expression to its tree, within bounds and with every mistake found before it runs.

jmespath's own parser does the parsing. Around it: the tokens are counted before they are parsed, because
the parser recurses on them (``((((…`` ends in RecursionError); and what would not be data (an expression
reference outside of `map` and its like, the whole scope) is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from json import JSONDecodeError, loads

from jmespath.exceptions import JMESPathError, LexerError
from jmespath.lexer import Lexer
from jmespath.parser import Parser

from engine.expression.failure import SyntaxProblem, quote
from engine.expression.limits import KEPT_EXPRESSIONS, MAX_EXPRESSION_CHARS, MAX_NESTING
from engine.expression.tree import Tree, check_tree, find_names, is_path

_OPENERS = frozenset({"lparen", "lbracket", "lbrace", "filter"})
_CLOSERS = frozenset({"rparen", "rbracket", "rbrace"})
# Each of these makes the parser recurse until the projection or the operand ends.
_PREFIXES = frozenset({"not", "expref", "star", "flatten", "colon", *_OPENERS})
_STOPPERS = frozenset({"comma", "pipe", "or", "and", "eq", "ne", "lt", "lte", "gt", "gte"})


@dataclass(frozen=True)
class Expression:
    """A parsed expression; ``names`` are what it looks up in its scope, in order, each once."""

    text: str
    tree: Tree
    names: tuple[str, ...]
    is_path: bool


@lru_cache(maxsize=KEPT_EXPRESSIONS)
def parse_expression(text: str, *, relative: bool = False) -> Expression:
    """Parse and check an expression; SyntaxProblem says what to mend.

    ``relative`` expressions start from a value (`@`); the others from the scope, which is no value.
    """
    if not text.strip():
        raise SyntaxProblem("the expression is empty; name a node or an input, as in '{{ draft.output }}'")
    if len(text) > MAX_EXPRESSION_CHARS:
        raise SyntaxProblem(
            f"the expression has {len(text):,} characters, over the limit of {MAX_EXPRESSION_CHARS:,}; "
            "do part of the work in a transform node"
        )
    try:
        tree: Tree = _BoundedParser().parse_tree(text)
    except LexerError as error:
        raise SyntaxProblem(f"at character {error.lexer_position + 1}: {error.message}") from None
    except JMESPathError as error:
        raise SyntaxProblem(_explain(error)) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # int() refuses numbers of thousands of digits
        raise SyntaxProblem(quote(str(error))) from None
    check_tree(tree, relative=relative)
    return Expression(text, tree, () if relative else find_names(tree), is_path(tree))


class _StrictLexer(Lexer):
    """Refuses what jmespath has deprecated: a literal in backticks that is no JSON."""

    # What the class has and its stubs leave out.
    _position: int
    _consume_until: Callable[[str], str]

    def _consume_literal(self) -> Tree:
        start = self._position
        lexeme = self._consume_until("`").replace("\\`", "`")
        try:
            value = loads(lexeme, parse_constant=_refuse_constant)
        except JSONDecodeError:
            raise LexerError(
                start, lexeme, f"`{quote(lexeme)}` is no JSON; write a text as '{quote(lexeme)}', in quotes"
            ) from None
        return {"type": "literal", "value": value, "start": start, "end": self._position - start}


def _refuse_constant(name: str) -> None:
    raise JSONDecodeError(f"{name} is no JSON", name, 0)


class _BoundedParser(Parser):
    """jmespath's parser on tokens that were counted, and without its cache, which botocore shares.

    `!a.b` is `!(a.b)`: jmespath reads `(!a).b`, which is null for all there is. Comparisons still bind less.
    """

    BINDING_POWER = Parser.BINDING_POWER | {"not": 8}

    # What the class has and its stubs leave out.
    _expression: Callable[..., Tree]
    _current_token: Callable[[], str]
    _lookahead_token: Callable[[int], Tree]
    _raise_parse_error_for_token: Callable[[Tree, str], None]

    def parse_tree(self, text: str) -> Tree:
        """The tree; JMESPathError, ValueError, or SyntaxProblem when it is nested too deep."""
        self._tokens = list(_StrictLexer().tokenize(text))
        _check_nesting(token["type"] for token in self._tokens)
        self._index = 0
        tree: Tree = self._expression(binding_power=0)
        if self._current_token() != "eof":
            token = self._lookahead_token(0)
            self._raise_parse_error_for_token(token, "unexpected")
        return tree


def _too_deep() -> SyntaxProblem:
    return SyntaxProblem(
        f"the expression is nested deeper than {MAX_NESTING} levels; do part of the work in a transform node"
    )


def _check_nesting(kinds: Iterable[str]) -> None:
    """Refuse tokens on which the parser would recurse deeper than MAX_NESTING."""
    levels = [0]
    total = 0
    for kind in kinds:
        if kind in _STOPPERS:
            total -= levels[-1]
            levels[-1] = 0
        elif kind in _CLOSERS:
            if len(levels) > 1:
                total -= levels.pop()
        elif kind in _PREFIXES:
            total += 1
            levels[-1] += 1
            if kind in _OPENERS:
                levels.append(0)
        if total > MAX_NESTING:
            raise _too_deep()


def _explain(error: JMESPathError) -> str:
    """What jmespath says, in one line and without quoting the whole expression back."""
    token = getattr(error, "token_value", None)
    position = getattr(error, "lex_position", None)
    if token in (None, "") or position is None:
        return "the expression ends too early; something is missing after its last character"
    return f"'{quote(str(token))}' at character {position + 1} is not expected there"
