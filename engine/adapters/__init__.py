"""Adapters: the ports kept with AWS, and in memory. They stand above the core and ignore each other."""
