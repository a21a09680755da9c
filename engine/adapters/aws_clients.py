"""The SDK's clients: made on first use, kept for the life of the process.

Only the composition root makes an AwsClients. Where AWS is comes from AWS_ENDPOINT_URL, which the SDK reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from engine.adapters.aws_errors import THROTTLE_CODES

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime.client import BedrockRuntimeClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_scheduler.client import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_stepfunctions.client import SFNClient

Client = TypeVar("Client")

# Inside a region a connection takes milliseconds: one that takes longer is better made anew.
CONNECT_TIMEOUT_SECONDS = 2.0
# Tables, secrets and state machines answer in milliseconds; three attempts fit into a waiting HTTP request.
READ_TIMEOUT_SECONDS = 8.0
MAX_ATTEMPTS = 3
# 100 MB, the largest value that is stored, at 5 MB/s.
S3_READ_TIMEOUT_SECONDS = 20.0
# A model may think for minutes; the node's own timeout ends it. Retries are the node's, not the SDK's.
BEDROCK_READ_TIMEOUT_SECONDS = 900.0
# A request waits for 25 s at most, and the API for its function for 30.
SYNC_READ_TIMEOUT_SECONDS = 28.0
USER_AGENT = "mini-n8n"
# As many as threads that use one client at a time (S3 links, executors in one process on a laptop).
MAX_CONNECTIONS = 50


class _MadeWhenUsed:
    """Stands for a client until something is asked of it: to make one takes tens of milliseconds."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)


class AwsClients:
    """Clients by service. ``endpoint_url`` is for tests; None leaves it to AWS_ENDPOINT_URL, then to AWS.

    ``on_throttle`` is called for each answer of "you ask too much", also where the SDK's retry then succeeds.
    """

    def __init__(
        self, region: str, endpoint_url: str | None = None, on_throttle: Callable[[], None] | None = None
    ) -> None:
        self._region = region
        self._on_throttle = on_throttle
        self._endpoint_url = endpoint_url
        self._session: Any = None
        self._made: dict[str, Any] = {}
        self._asked: set[str] = set()
        # Clients may be shared between threads, a session making them may not:
        # https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
        self._lock = Lock()

    @property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return cast("DynamoDBClient", self._client("dynamodb", self._make_dynamodb))

    @property
    def step_functions(self) -> SFNClient:
        """Step Functions; made at its first call, since to look at workflows and executions takes none."""
        return cast("SFNClient", _MadeWhenUsed(lambda: self._client("stepfunctions")))

    @property
    def step_functions_sync(self) -> SFNClient:
        """Step Functions for executions that are waited for; asked once, or they would run again."""
        return cast("SFNClient", _MadeWhenUsed(lambda: self._client("stepfunctions-sync", self._make_sync)))

    @property
    def events(self) -> EventBridgeClient:
        """EventBridge; made at its first call, since only changes of triggers take it."""
        return cast("EventBridgeClient", _MadeWhenUsed(lambda: self._client("events")))

    @property
    def scheduler(self) -> EventBridgeSchedulerClient:
        """EventBridge Scheduler; made at its first call, as above."""
        return cast("EventBridgeSchedulerClient", _MadeWhenUsed(lambda: self._client("scheduler")))

    @property
    def secrets_manager(self) -> SecretsManagerClient:
        """Secrets Manager; made at its first call, since most nodes name no credential."""
        return cast("SecretsManagerClient", _MadeWhenUsed(lambda: self._client("secretsmanager")))

    @property
    def s3(self) -> S3Client:
        """S3, which signs links with signature version 4. Made at its first call: small values take none.

        At an endpoint of one's own the bucket stands in the path: there is no DNS name for every bucket.
        """
        return cast("S3Client", _MadeWhenUsed(lambda: self._client("s3", self._make_s3)))

    @property
    def bedrock(self) -> BedrockRuntimeClient:
        """Bedrock's models."""
        return cast("BedrockRuntimeClient", self._client("bedrock-runtime", self._make_bedrock))

    def _client(self, service: str, make: Callable[[], Any] | None = None) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = make() if make else self._make(service, READ_TIMEOUT_SECONDS)
            return self._made[service]

    def _make_dynamodb(self) -> Any:
        # The types say what fits; to look through each item for it is a tenth of a call.
        return self._make("dynamodb", READ_TIMEOUT_SECONDS, validates=False)

    def _make_s3(self) -> Any:
        client = self._make("s3", S3_READ_TIMEOUT_SECONDS, addressing="virtual")
        if _is_aws(client):
            return client
        return self._make("s3", S3_READ_TIMEOUT_SECONDS, addressing="path")

    def _make_bedrock(self) -> Any:
        return self._make("bedrock-runtime", BEDROCK_READ_TIMEOUT_SECONDS, attempts=1)

    def _make_sync(self) -> Any:
        client = self._make("stepfunctions", SYNC_READ_TIMEOUT_SECONDS, attempts=1)
        if _is_aws(client):
            return client
        # AWS waits at an address of its own, `sync-states.…`; an endpoint of one's own has no such name.
        return self._make("stepfunctions", SYNC_READ_TIMEOUT_SECONDS, attempts=1, host_prefix=False)

    def _make(
        self,
        service: str,
        read_timeout_seconds: float,
        *,
        attempts: int = MAX_ATTEMPTS,
        addressing: Literal["path", "virtual"] | None = None,
        host_prefix: bool = True,
        validates: bool = True,
    ) -> Any:
        from botocore.config import Config

        if self._session is None:
            self._session = _make_session(self._asked)
            self._session.register("response-received", self._look_for_throttle)
        self._asked.add(service)
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=read_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=MAX_CONNECTIONS,
            tcp_keepalive=True,
            # By name: what the SDK says of itself is put together anew for each call, a tenth of its time.
            user_agent=USER_AGENT,
            signature_version="s3v4" if addressing else None,
            s3={"addressing_style": addressing} if addressing else None,
            inject_host_prefix=host_prefix,
            parameter_validation=validates,
        )
        return self._session.create_client(
            service, region_name=self._region, endpoint_url=self._endpoint_url, config=config
        )

    def _look_for_throttle(self, parsed_response: Any = None, **_: Any) -> None:
        code = ((parsed_response or {}).get("Error") or {}).get("Code")
        if code in THROTTLE_CODES and self._on_throttle is not None:
            self._on_throttle()


def _is_aws(client: Any) -> bool:
    return bool(client.meta.endpoint_url.endswith((".amazonaws.com", ".amazonaws.com.cn")))


def _make_session(services: Collection[str]) -> Any:
    """A session of botocore, without what boto3 adds: resources, and files moved by several processes.

    Before it loads the model of one service, botocore looks through the folders of all 400 to list those that
    there are, which takes longer than to load it; this one is told: ``services`` has what is asked for.
    """
    from botocore.loaders import Loader
    from botocore.session import Session

    class AskedServices(Loader):
        def list_available_services(self, type_name: str) -> list[str]:
            return sorted(services)

    session = Session()
    session.register_component("data_loader", AskedServices())
    return session
