"""Not a defect but a seam: patches of services that take long to import wait until the service is asked for.

MiniStack imports a service at its first request; importing CloudFormation alone takes as long as half the
start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.local.patch import Patch, Replacement


def patch(waiting: Mapping[str, Sequence[Patch]]) -> Patch:
    """Return the patch that applies each of ``waiting`` when the service of that module name is loaded."""

    def make(original: Any) -> Any:
        def get_module(name: str) -> Any:
            module = original(name)
            for one in waiting.get(name, ()):
                one.apply()
            return module

        return get_module

    def replacements() -> Iterator[Replacement]:
        from ministack import app

        yield Replacement(app, "_get_module", make)

    return Patch("aws.loading", replacements)
