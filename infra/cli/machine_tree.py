"""The drawing of a state machine for people: what comes after what, what runs at once, what may not run."""

from __future__ import annotations

from rich.text import Text
from rich.tree import Tree

from engine.compiler.measure import fork_ways
from engine.compiler.simulation import awaited_nodes, payload
from engine.json_value import JsonObject

# Lines of a drawing: two screens. What is larger is told in numbers.
MAX_LINES = 60
# Tasks, and nodes of a Task, that a line names.
MAX_NAMES = 8
ARROW = " → "


def draw_machine(definition: JsonObject, max_lines: int = MAX_LINES) -> Tree:
    """The tree of a definition, of so many lines at most."""
    root = Tree("", hide_root=True, guide_style="dim")
    drawing = _Drawing(max_lines)
    drawing.walk(root, definition, definition["StartAt"], None)
    if drawing.left_out:
        root.add(Text(f"… and {drawing.left_out:,} nodes more", style="dim"))
    return root


class _Drawing:
    def __init__(self, max_lines: int) -> None:
        self._lines_left = max_lines
        self.left_out = 0

    def walk(self, parent: Tree, machine: JsonObject, first: str, stop: str | None) -> None:
        """The states from one to another, below ``parent``: Tasks in a row stand on one line."""
        row: list[str] = []
        name: str | None = first
        while name is not None and name != stop:
            state = machine["States"][name]
            name = state.get("Next") or state.get("Default")
            told = _tell(state)
            if told:
                row.append(told)
                continue
            ways = [(_tell_way(state, way), machine, way, name) for way in fork_ways(machine, state)]
            ways += [("", branch, branch["StartAt"], None) for branch in state.get("Branches", [])]
            if state["Type"] == "Map":
                ways.append(
                    ("for each item", state["ItemProcessor"], state["ItemProcessor"]["StartAt"], None)
                )
            if ways:
                self._add_row(parent, row)
                row = []
                self._add_ways(parent, _HEADINGS.get(state["Type"]), ways)
        self._add_row(parent, row)

    def _add_ways(
        self, parent: Tree, heading: str | None, ways: list[tuple[str, JsonObject, str, str | None]]
    ) -> None:
        below = parent if heading is None else self._add(parent, Text(heading, style="italic"))
        for label, machine, first, stop in ways:
            inner = Tree("", guide_style="dim")
            self.walk(inner, machine, first, stop)
            alone = inner.children[0] if len(inner.children) == 1 and not inner.children[0].children else None
            if alone is not None and below is not None:
                below.children.append(alone)
                if label:
                    alone.label = Text.assemble((f"{label}: ", "italic"), str(alone.label))
            elif below is not None and inner.children:
                turn = self._add(below, Text(f"{label}:" if label else "in turn", style="italic"))
                if turn is not None:
                    turn.children.extend(inner.children)

    def _add_row(self, parent: Tree, row: list[str]) -> None:
        if row and self._add(parent, Text(_join(ARROW, row))) is None:
            self.left_out += sum(told.count(" + ") + 1 for told in row)

    def _add(self, parent: Tree, label: Text) -> Tree | None:
        """A line, while there is room for one."""
        if self._lines_left <= 0:
            return None
        self._lines_left -= 1
        return parent.add(label)


_HEADINGS = {"Parallel": "at once", "Choice": "by the output"}


def _tell(state: JsonObject) -> str:
    """A Task in words: the nodes that it runs, in their order; nothing for other states."""
    awaited = awaited_nodes(state)
    if awaited:
        return f"(waits for {_join(', ', list(awaited))})"
    sent = payload(state)
    if not sent:
        return ""
    nodes = list(sent["nodes"])
    if sent.get("step") == "expand":
        nodes[-1] = f"items of {nodes[-1]}"
    elif sent.get("step") == "collect":
        nodes[0] = f"results of {nodes[0]}"
    return _join(" + ", nodes)


def _join(between: str, names: list[str]) -> str:
    """The names, or the first and the last of many."""
    if len(names) <= MAX_NAMES:
        return between.join(names)
    return between.join([*names[: MAX_NAMES - 1], f"… {len(names) - MAX_NAMES} more …", names[-1]])


def _tell_way(state: JsonObject, first: str) -> str:
    """The output that leads to a way."""
    rule = next(rule for rule in state["Choices"] if rule["Next"] == first)
    return str(rule.get("StringEquals", "otherwise"))
