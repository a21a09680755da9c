"""The pure core of Mini-N8N: documents, compiler, runner and use cases.

Invariants of this folder, checked by import-linter: no AWS, no web framework, no clock and no
randomness outside ``engine.adapters``; ``engine.adapters`` stands above the core, and its modules
ignore each other; nothing here imports ``nodes``, ``functions`` or ``infra``.
"""
