"""What the clients run: a few nodes, one of them heavy, whose output only that execution can have."""

from __future__ import annotations

from engine.json_value import JsonObject


def square_workflow(data_url: str) -> JsonObject:
    """Squares its input, and has a server say it back."""
    return {
        "name": "Bench: square",
        "nodes": [
            {"id": "number", "type": "input", "config": {"name": "number", "type": "number"}},
            {
                "id": "square",
                "type": "transform",
                "config": {
                    "value": {},
                    "set": {"value": "{{ multiply(number.output, number.output) }}"},
                },
            },
            {
                "id": "said",
                "type": "http",
                "config": {"url": f"{data_url}/echo", "query": {"square": "{{ square.output.value }}"}},
            },
            {"id": "out", "type": "output", "config": {"value": "{{ said.output.query.square }}"}},
        ],
        "connections": [
            {"source": "number", "target": "square"},
            {"source": "square", "target": "said"},
            {"source": "said", "target": "out"},
        ],
    }


NODE_IDS = frozenset({"number", "square", "said", "out"})


def expected_output(number: int) -> JsonObject:
    """What an execution with this input gives."""
    return {"out": str(number * number)}
