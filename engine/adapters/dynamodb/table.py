"""One table, through the SDK's low-level client: errors translated, retries of partial answers done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from engine.adapters.aws_errors import error_code, translated
from engine.adapters.dynamodb.attribute import Item
from engine.adapters.dynamodb.batch import batched
from engine.errors import UnavailableError
from engine.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MAX_BATCH_KEYS = 100
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_BATCH_WRITES = 25
# What a batch left over is asked for again after 50, 100, ... ms, for 1.6 s in all.
BATCH_ATTEMPTS = 6
FIRST_BATCH_WAIT_SECONDS = 0.05


class ConditionFailedError(Exception):
    """A write's condition did not hold; ``item`` is what is stored, or None where nothing is."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the condition did not hold")
        self.item = item

    @property
    def stored(self) -> Item:
        """What is stored, where the condition holds whenever nothing is; this error again otherwise."""
        if self.item is None:
            raise self
        return self.item


class TransactionRefusedError(Exception):
    """A transaction was cancelled; ``reasons`` has a code and maybe the stored item for each write."""

    def __init__(self, reasons: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("the transaction was cancelled")
        self.reasons = reasons

    def failed(self, index: int) -> bool:
        """Whether the condition of that write did not hold."""
        return len(self.reasons) > index and self.reasons[index].get("Code") == "ConditionalCheckFailed"


class Table:
    """A table by name. Reads are consistent; every method may raise UnavailableError."""

    def __init__(self, client: DynamoDBClient, name: str, clock: Clock) -> None:
        self._client: Any = client
        self.name = name
        self._clock = clock

    def get(self, key: Item) -> Item | None:
        """The item, or None."""
        with translated(f"cannot read table '{self.name}'"):
            answer = self._client.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        found: Item | None = answer.get("Item")
        return found

    def put(self, item: Item, condition: str | None = None, **more: Any) -> None:
        """Write an item; ConditionFailedError. ``more`` names the values of the condition."""
        self._write("put_item", condition, Item=item, **more)

    def put_once(self, item: Item) -> None:
        """Write an item of this key unless another stands there: ConditionFailedError.

        The SDK repeats a write whose answer was lost, and then finds its own item.
        """
        try:
            self.put(item, "attribute_not_exists(pk)")
        except ConditionFailedError as failed:
            if failed.item != item:
                raise

    def update(self, key: Item, expression: str, condition: str | None = None, **more: Any) -> None:
        """Change an item; ConditionFailedError."""
        self._write("update_item", condition, Key=key, UpdateExpression=expression, **more)

    def update_and_get(
        self, key: Item, expression: str, condition: str | None = None, *, whole: bool = False, **more: Any
    ) -> Item:
        """Change an item; the changed attributes as they are then, or all. ConditionFailedError."""
        wanted = "ALL_NEW" if whole else "UPDATED_NEW"
        answer = self._write(
            "update_item", condition, Key=key, UpdateExpression=expression, ReturnValues=wanted, **more
        )
        changed: Item = answer.get("Attributes", {})
        return changed

    def delete(self, key: Item, condition: str | None = None, **more: Any) -> None:
        """Delete an item, if it is there; ConditionFailedError."""
        self._write("delete_item", condition, Key=key, **more)

    def query(self, **request: Any) -> tuple[list[Item], Item | None]:
        """One page of a query: its items, and the key after which the next page starts."""
        with translated(f"cannot query table '{self.name}'"):
            answer = self._client.query(TableName=self.name, **request)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def query_all(self, **request: Any) -> Iterable[Item]:
        """Every item of a query, page by page."""
        after: Item | None = None
        while True:
            items, after = self.query(**(request | ({"ExclusiveStartKey": after} if after else {})))
            yield from items
            if after is None:
                return

    def scan_all(self, **request: Any) -> Iterable[Item]:
        """Every item of the table, page by page."""
        after: Item | None = None
        while True:
            with translated(f"cannot scan table '{self.name}'"):
                start = {"ExclusiveStartKey": after} if after else {}
                answer = self._client.scan(TableName=self.name, **request, **start)
            yield from answer["Items"]
            after = answer.get("LastEvaluatedKey")
            if after is None:
                return

    def batch_get(self, keys: Sequence[Item]) -> list[Item]:
        """Those items that exist, in no order. Keys must differ from each other."""
        found: list[Item] = []
        for some in batched(keys, MAX_BATCH_KEYS):
            found += self._get_some(some)
        return found

    def batch_delete(self, keys: Sequence[Item]) -> None:
        """Delete those items that exist."""
        for some in batched(keys, MAX_BATCH_WRITES):
            self._delete_some(some)

    def transact(self, writes: Sequence[Mapping[str, Item]]) -> None:
        """Do all writes (``{"Put": {...}}`` and so on, without the table's name) or none.

        TransactionRefusedError; one that only collided with another is tried again first.
        """
        items = [{kind: {"TableName": self.name, **write} for kind, write in w.items()} for w in writes]
        for attempt in range(BATCH_ATTEMPTS):
            try:
                with translated(f"cannot write table '{self.name}'"):
                    self._client.transact_write_items(TransactItems=items)
                return
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                refused = TransactionRefusedError(error.response.get("CancellationReasons", []))
                if any(refused.failed(index) for index in range(len(items))):
                    raise refused from error
                if "ValidationError" in {reason.get("Code") for reason in refused.reasons}:
                    raise
            self._clock.sleep(FIRST_BATCH_WAIT_SECONDS * 2**attempt)
        raise UnavailableError(f"cannot write table '{self.name}': others write the same items; try again")

    def _get_some(self, keys: Sequence[Item]) -> list[Item]:
        found: list[Item] = []
        wanted = {self.name: {"Keys": list(keys), "ConsistentRead": True}}
        for attempt in range(BATCH_ATTEMPTS):
            with translated(f"cannot read table '{self.name}'"):
                answer = self._client.batch_get_item(RequestItems=wanted)
            found += answer["Responses"].get(self.name, [])
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return found
            self._clock.sleep(FIRST_BATCH_WAIT_SECONDS * 2**attempt)
        raise UnavailableError(f"cannot read table '{self.name}': it keeps putting off keys; try again")

    def _delete_some(self, keys: Sequence[Item]) -> None:
        left: Any = {self.name: [{"DeleteRequest": {"Key": key}} for key in keys]}
        for attempt in range(BATCH_ATTEMPTS):
            with translated(f"cannot write table '{self.name}'"):
                left = self._client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                return
            self._clock.sleep(FIRST_BATCH_WAIT_SECONDS * 2**attempt)
        raise UnavailableError(f"cannot write table '{self.name}': it keeps putting off keys; try again")

    def _write(self, operation: str, condition: str | None, **request: Any) -> Any:
        if condition is not None:
            request["ConditionExpression"] = condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            with translated(f"cannot write table '{self.name}'"):
                return getattr(self._client, operation)(TableName=self.name, **request)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            raise ConditionFailedError(cast("Item | None", error.response.get("Item")) or None) from error
