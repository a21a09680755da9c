"""Events for `sam local`, and the execution that they are about."""
