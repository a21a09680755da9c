"""How Mini-N8N stands up: the command line, the local AWS, build and checks."""
