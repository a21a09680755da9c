"""The whole product on this machine: local AWS, offline models, and `template.yaml` deployed to them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from infra.local.aws import LocalAws
from infra.local.models import NO_KEY, OwnModels

if TYPE_CHECKING:
    from infra.local.deployment import Deployment, Say
    from infra.local.model_server import ModelServer

# The stage of everything that is deployed here; part of the names of tables and secrets.
STAGE = "local"
LOG_NAME = "local-aws.log"


@dataclass(frozen=True)
class StackOptions:
    """How the stack is started; port 0 lets the system choose."""

    aws_port: int = 0
    api_port: int = 0
    model_port: int = 0
    # Where state is kept; None: nowhere, and everything is new at each start.
    state_dir: Path | None = None
    time_scale: float | None = None
    # A server of one's own for the AI nodes; None: the offline one.
    own_models: OwnModels | None = None
    log_level: str = "INFO"
    # host:port that the HTTP node may reach besides the offline data set.
    allowed_hosts: tuple[str, ...] = ()
    # Parameters of the template besides those that are set here, such as OidcIssuer.
    parameters: Mapping[str, str] = field(default_factory=dict)
    # A folder of installed packages (`pip install --target`) that goes into the functions' code.
    packages: Path | None = None


class LocalStack:
    """Starts everything, and stops it in the other order. A context manager."""

    def __init__(self, options: StackOptions, say: Say = lambda _: None) -> None:
        """``say`` is told each step."""
        self.options, self._say = options, say
        self._exits = ExitStack()
        self.aws = LocalAws(
            port=options.aws_port,
            api_port=options.api_port,
            state_dir=options.state_dir,
            time_scale=options.time_scale,
            log_file=options.state_dir / LOG_NAME if options.state_dir else None,
        )
        self.models: ModelServer | None = None
        self._deployment: Deployment | None = None

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL takes."""
        return self.aws.endpoint

    @property
    def api_url(self) -> str:
        """Where the HTTP API answers, without a slash at the end."""
        return (self.aws.api_endpoint or "").replace("127.0.0.1", "localhost")

    @property
    def data_url(self) -> str:
        """The offline data set, which the examples call. Only of a stack that runs."""
        if self.models is None:
            raise RuntimeError("the stack was not started; call start() first")
        return self.models.data_url.replace("127.0.0.1", "localhost")

    @property
    def deployment(self) -> Deployment:
        """What stands. Only of a stack that runs."""
        if self._deployment is None:
            raise RuntimeError("the stack was not started; call start() first")
        return self._deployment

    def api_key(self) -> str:
        """The deployment's own key, an administrator's."""
        from infra.local.deployment import read_secret

        return read_secret(self.endpoint, self.deployment.outputs["ApiKeySecretName"])

    def start(self) -> Self:
        """Start; what was started is stopped again if a later part fails.

        LocalAwsStartError; DeploymentError; OSError for a port of the model server that is taken.
        """
        with ExitStack() as exits:
            self._say("Starting the local AWS and the offline model server ...")
            exits.callback(self.aws.stop)
            # Threads, for both wait more than they work; leaving the pool waits for what was begun.
            with ThreadPoolExecutor(1) as pool:
                aws = pool.submit(self.aws.start)
                self._start_models(exits)
                from infra.local import deployment

                aws.result()
            self._deployment = deployment.deploy(
                self.aws.endpoint, self._parameters(), self._say, packages=self.options.packages
            )
            deployment.write_secret(
                self.aws.endpoint,
                self._deployment.outputs["OpenAiKeySecretName"],
                self.options.own_models.api_key if self.options.own_models else NO_KEY,
            )
            self._exits = exits.pop_all()
        return self

    def stop(self) -> None:
        """Stop everything that was started."""
        self._exits.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_models(self, exits: ExitStack) -> None:
        """The offline server: it holds the examples' data set too, so that it runs beside any other."""
        from infra.local.model_server import ModelServer

        self.models = exits.enter_context(ModelServer(self.options.model_port))

    def _parameters(self) -> dict[str, str]:
        assert self.models is not None  # noqa: S101 - start() starts it before it deploys
        host = self.models.origin.removeprefix("http://")
        hosts = (*self.options.allowed_hosts, host, host.replace("127.0.0.1", "localhost"))
        own = self.options.own_models
        return {
            "Stage": STAGE,
            "PublicUrl": self.api_url,
            "CorsOrigins": "",
            "HttpAllowedHosts": ",".join(hosts),
            "OpenAiBaseUrl": (own.base_url or "") if own else self.models.base_url,
            "LogLevel": self.options.log_level,
            "DataDeletionPolicy": "Delete",
            # Alarms stand here too; the local AWS sends no mail.
            "AlarmEmail": "nobody@localhost",
            **self.options.parameters,
        }
