"""The use cases: what the API, the triggers and the command line ask of the engine.

Each in a module of its own, so that a function imports those that it has.
"""
