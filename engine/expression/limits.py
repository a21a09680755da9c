"""What an expression may cost: every bound, its unit, and why it is where it is."""

from __future__ import annotations

# Characters of one expression. An expression is a line that a person reads; 4,096 is DynamoDB's own bound
# for its expressions (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
MAX_EXPRESSION_CHARS = 4_096
# Levels of brackets, operators and projections inside each other. The parser of jmespath spends at most
# 12 Python frames on a level, so 24 levels stay far below Python's limit of 1,000 frames.
MAX_NESTING = 24
# Levels of the parsed expression, which also grow along chains (`a || b || …`). The interpreter spends
# at most 4 frames on a level.
MAX_TREE_DEPTH = 64
# Levels of lists and objects in a config. Deeper ones cannot be drawn in a form.
MAX_CONFIG_DEPTH = 64
# Expressions in one config. A workflow document of 1,000 nodes would hold a million.
MAX_EXPRESSIONS = 1_000
# Levels of lists and objects in what an expression builds; pydantic gives up on writing 255 levels.
MAX_VALUE_DEPTH = 200
# Steps that the expressions of one config may take together: one for each visited part of an expression
# and each element touched. A million take about a second on one core.
MAX_STEPS = 1_000_000
# Text is charged by its length: functions copy about a hundred characters in the time of a step.
CHARS_PER_STEP = 100
# Characters of one text that is put together from expressions, or made by a function: a body of 5 MB
# passes the 6 MB limit of a Lambda answer (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
MAX_TEXT_CHARS = 5_000_000
# Characters of all values that one config resolves to. Results of 40 MB pass whole; a config that
# multiplies them does not.
MAX_RESOLVED_CHARS = 100_000_000
# Elements of the list that `range` makes, the same as Step Functions' most concurrent items of a Map.
MAX_RANGE = 10_000
# Largest whole number, in either direction, that arithmetic gives: what 64 bits hold.
MAX_INTEGER = 2**63 - 1
# Parsed expressions that one process keeps; each takes a few kilobytes.
KEPT_EXPRESSIONS = 1_024
# Characters of an expression, a name or a list of names that an error message quotes.
QUOTED_CHARS = 120
