"""``python -m infra.local.aws``: serve the local AWS until told to stop."""

from __future__ import annotations

import os
import sys

from infra.local.aws.options import parse_options
from infra.local.aws.server import PortTakenError, serve


def main() -> None:
    """Serve; exit with 2 and a message when a port is taken."""
    try:
        serve(parse_options(sys.argv[1:], os.environ))
    except PortTakenError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
