"""The tables of `template.yaml`, as requests to make them."""

from __future__ import annotations

import functools
from typing import Any

from infra.build.template_file import read_template


def table_request(logical_id: str, name: str) -> dict[str, Any]:
    """What CreateTable is asked for a table of the template, under another name."""
    properties = _resources()[logical_id]["Properties"]
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {"TableName": name, **{key: properties[key] for key in wanted if key in properties}}


@functools.cache
def _resources() -> dict[str, Any]:
    resources: dict[str, Any] = read_template()["Resources"]
    return resources
