"""The local AWS: MiniStack's services, worker processes for Lambda, moto's interpreter for Step Functions.

One process, loopback only, no Docker and no account. ``LocalAws`` starts it; ``AWS_ENDPOINT_URL`` alone
couples everything else to it.
"""

from __future__ import annotations

from infra.local.aws.local_aws import LocalAws, LocalAwsStartError

__all__ = ["LocalAws", "LocalAwsStartError"]
