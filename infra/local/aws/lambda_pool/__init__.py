"""Lambda execution environments as worker processes that run AWS's own runtime client.

One environment is one process with a Runtime API of its own and serves one invocation at a time, as on AWS:
error shapes, context object and marshalling are the real ones.

On Linux a function's handler is loaded once, in a template process, from which its environments are forked: a
cold start takes milliseconds. So a module's own code runs once for each configuration of a function, as with
Lambda SnapStart (https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html): what it makes there (numbers,
times, names) all environments share, though `random` is seeded anew in each. What it prints is in the log of
the first invocation. Modules that a first invocation loads are then loaded in the template too. A module that
leaves threads or connections behind is loaded anew for each environment, as all are on other platforms.
"""

from __future__ import annotations
