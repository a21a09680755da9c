"""The input node: one typed value that an execution is started with."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ValidationError

from engine.expression import RESERVED_NAMES
from engine.json_equality import equal_json
from engine.json_type import add_article, describe_type, is_of_type
from engine.json_value import JsonObject, JsonValue
from engine.node import MISSING
from engine.wording import Wording, say
from engine.workflow import NODE_ID_PATTERN
from nodes.base import BaseNode, Field, NodeConfig, NodeContext, NodeError, NodeInputs, NodeOutput, NodeResult

InputType: TypeAlias = Literal["string", "integer", "number", "boolean", "object", "array"]
# A list of choices is drawn as a menu; nobody reads a longer one.
MAX_CHOICES = 500
_AS_IT_IS: JsonObject = {"x-expression": False}


class InputConfig(NodeConfig):
    """What the input is called, and which values fit."""

    name: (
        Annotated[
            str,
            Field(pattern=NODE_ID_PATTERN),
            Wording(
                "does not do as a name: use letters, digits and '_', not a digit first, 63 characters at most"
            ),
        ]
        | None
    ) = Field(
        None,
        title="Name",
        description="What the input is called when a workflow is executed. Empty: the id of the node.",
        examples=["topic"],
        json_schema_extra=_AS_IT_IS,
    )
    type: InputType = Field(
        "string",
        title="Type",
        description='The JSON type of the value. Nothing is converted: the text "5" is no integer.',
        json_schema_extra={"x-widget": "select", **_AS_IT_IS},
    )
    description: str | None = Field(
        None,
        title="Description",
        max_length=1_000,
        description="What to give, for who starts the workflow.",
        examples=["What the post is about."],
        json_schema_extra=_AS_IT_IS,
    )
    required: bool = Field(
        False,
        title="Required",
        description="Refuse an execution that gives no value. An input with a default is never missing.",
        json_schema_extra=_AS_IT_IS,
    )
    default: Any = Field(
        None,
        title="Default",
        description="The value when none is given; null: there is no default.",
        examples=["AI in Healthcare"],
        json_schema_extra={"x-widget": "json", **_AS_IT_IS},
    )
    choices: tuple[Any, ...] | None = Field(
        None,
        title="Choices",
        min_length=1,
        max_length=MAX_CHOICES,
        description="The only values that fit.",
        examples=[["short", "long"]],
        json_schema_extra={"x-widget": "json", **_AS_IT_IS},
    )
    minimum: float | None = Field(
        None,
        title="Minimum",
        description="The smallest number that fits; for integer and number.",
        json_schema_extra=_AS_IT_IS,
    )
    maximum: float | None = Field(
        None,
        title="Maximum",
        description="The largest number that fits; for integer and number.",
        json_schema_extra=_AS_IT_IS,
    )


class InputOutput(NodeOutput):
    """The value, under both of its names."""

    output: Any = Field(description="The value of the input.")
    value: Any = Field(description="The same value.")


class InputNode(BaseNode):
    """Gives the value that the execution was started with."""

    type = "input"
    title = "Input"
    description = "A value that is asked for when the workflow is executed."
    category = "flow"
    executor = "core"
    light = True
    reads_inputs = False
    Config = InputConfig
    Output = InputOutput

    async def run(self, inputs: NodeInputs, context: NodeContext) -> NodeResult:
        """The value, or the default; NodeError when it does not fit."""
        name = self.config.name or context.node_id
        value = check_input(self.config, name, context.execution_inputs.get(name, MISSING))
        return self.create_result(value, value=value)

    @classmethod
    def check_value(cls, config: JsonObject | InputConfig, value: JsonValue = MISSING) -> JsonValue:
        """The value that an execution gets, the default filled in; null for an optional one without.

        ``value`` is what was given, MISSING or null for nothing. NodeError says which type or choice fits.
        """
        try:
            read = config if isinstance(config, InputConfig) else InputConfig.model_validate(config)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in ("config", *first["loc"]))
            raise NodeError(
                f"the input node is not set up right: {where}: {say(first)}", field=where
            ) from None
        return check_input(read, read.name, value)

    @classmethod
    def check_config(cls, config: JsonObject) -> list[tuple[str, str]]:
        """A reserved name, a default or choice that does not fit, bounds that exclude everything."""
        try:
            read = InputConfig.model_validate(config)
        except ValidationError:
            return []  # the schema check names these
        problems = []
        if read.name in RESERVED_NAMES:
            problems.append(("config.name", f"'{read.name}' is reserved in expressions; choose another name"))
        if read.type not in ("integer", "number"):
            bounds = [bound for bound in ("minimum", "maximum") if getattr(read, bound) is not None]
            cure = f"is for integer and number, not {read.type}; remove it"
            problems += [(f"config.{bound}", cure) for bound in bounds]
        if read.minimum is not None and read.maximum is not None and read.minimum > read.maximum:
            problems.append(("config.maximum", "is less than the minimum; no value fits"))
        if read.default is not None and (why := find_misfit(read, read.default)):
            problems.append(("config.default", f"the default {why}"))
        bare = read.model_copy(update={"choices": None})
        for position, choice in enumerate(read.choices or ()):
            if why := find_misfit(bare, choice):
                problems.append((f"config.choices[{position}]", f"the choice {why}"))
        return problems


def check_input(config: InputConfig, name: str | None, value: JsonValue) -> JsonValue:
    """The value, or the default where there is none; NodeError names the input and the cure."""
    field = f"inputs.{name}" if name else "inputs"
    label = f"input '{name}'" if name else "this input"
    if value is MISSING or value is None:
        if config.default is not None:
            value = config.default
        elif config.required:
            raise NodeError(f"{label} is required; give it {add_article(config.type)}", field=field)
        else:
            return None
    if why := find_misfit(config, value):
        raise NodeError(f"{label} {why}", field=field)
    return value


def find_misfit(config: InputConfig, value: JsonValue) -> str | None:
    """Why a value does not fit, as the end of a sentence, or None."""
    if not is_of_type(value, config.type):
        return f"must be {add_article(config.type)}, and is {describe_type(value)}"
    if config.choices is not None and not any(equal_json(value, choice) for choice in config.choices):
        shown = ", ".join(repr(choice) for choice in config.choices[:10])
        return f"must be one of: {shown}"
    if config.minimum is not None and isinstance(value, int | float) and value < config.minimum:
        return f"must be at least {config.minimum:g}"
    if config.maximum is not None and isinstance(value, int | float) and value > config.maximum:
        return f"must be at most {config.maximum:g}"
    return None
