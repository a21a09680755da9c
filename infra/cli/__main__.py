"""``python -m infra.cli``: what the console script mini-n8n does."""

from __future__ import annotations

from infra.cli.app import main

main()
