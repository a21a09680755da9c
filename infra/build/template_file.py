"""`template.yaml` as it was written, short forms (`!Ref`) spelled out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

from infra.build.environment import ROOT

TEMPLATE = ROOT / "template.yaml"


# In C where it was built with libyaml, as wheels are: a tenth of the time that SAM's own reader takes.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # which one, only yaml knows
    """Knows the short forms."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def read_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """A template; another object at each call. Raises OSError and yaml.YAMLError."""
    template: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe one
    return template
