"""Runs the nodes of one task. Four functions share this handler, each with its own privileges."""
