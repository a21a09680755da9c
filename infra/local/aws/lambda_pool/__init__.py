"""Lambda execution environments as worker processes that run AWS's own runtime client.

One environment is one process with a Runtime API of its own and serves one invocation at a time, as on AWS:
error shapes, context object and marshalling are the real ones.
"""

from __future__ import annotations
