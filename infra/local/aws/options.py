"""How the local AWS is started."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 4566
TIME_SCALE_VARIABLE = "LOCAL_AWS_TIME_SCALE"


@dataclass(frozen=True)
class ServerOptions:
    """Settings of one server; port 0 lets the system choose, ``api_port`` None serves no front door.

    ``time_scale`` multiplies Wait states, retry intervals and schedule rates (0.1: ten times faster).
    """

    port: int = DEFAULT_PORT
    api_port: int | None = None
    state_dir: Path | None = None
    time_scale: float = 1.0
    ready_file: Path | None = None
    ends_with_parent: bool = False


def parse_options(arguments: Sequence[str], environment: Mapping[str, str]) -> ServerOptions:
    """Read the command line; ``LOCAL_AWS_TIME_SCALE`` gives the default of ``--time-scale``."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="AWS endpoint; 0: any free port")
    parser.add_argument("--api-port", type=int, help="serve the deployed HTTP API here; 0: any free port")
    parser.add_argument("--state-dir", type=Path, help="keep state here; without it nothing is kept")
    parser.add_argument("--time-scale", type=float, default=float(environment.get(TIME_SCALE_VARIABLE, "1")))
    parser.add_argument("--ready-file", type=Path, help="write the addresses here as JSON when ready")
    parser.add_argument("--ends-with-parent", action="store_true", help="stop when stdin is closed")
    options = ServerOptions(**vars(parser.parse_args(arguments)))
    if options.time_scale < 0:
        parser.error("--time-scale must not be negative")
    return options
