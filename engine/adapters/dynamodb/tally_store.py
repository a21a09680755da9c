"""Tallies in DynamoDB, in the table of executions: eight items with a number for each series.

::

    execution_id  sk      holds
    TALLY#0       TALLY   the sums of the calls that took this turn; up to TALLY#7
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.adapters.dynamodb.attribute import Item, number, text
from engine.adapters.dynamodb.table import Table
from engine.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# An item takes 1,000 writes of 1 KB per second
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
SHARDS = 8
_KEYS = ("execution_id", "sk")


class DynamoTallyStore:
    """Keeps TallyStore's promises."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        self._table = Table(client, table, clock)
        # Processes start at different items.
        self._turns = itertools.count(os.getpid())

    def add(self, amounts: Mapping[str, int]) -> None:
        """Add to each series, all or none."""
        if not amounts:
            return
        names = {f"#n{index}": name for index, name in enumerate(amounts)}
        values = {f":v{index}": number(amount) for index, amount in enumerate(amounts.values())}
        terms = ", ".join(f"#n{index} :v{index}" for index in range(len(amounts)))
        self._table.update(
            _key(next(self._turns) % SHARDS),
            f"ADD {terms}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    def read(self) -> Mapping[str, int]:
        """The sum of each series."""
        sums: Counter[str] = Counter()
        for item in self._table.batch_get([_key(shard) for shard in range(SHARDS)]):
            sums.update({name: int(value["N"]) for name, value in item.items() if name not in _KEYS})
        return dict(sorted(sums.items()))


def _key(shard: int) -> Item:
    return {"execution_id": text(f"TALLY#{shard}"), "sk": text("TALLY")}
