"""The whole product on this machine: local AWS, offline models, and `template.yaml` deployed to them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.aws import LocalAws
from infra.local.deployment import Deployment, Say, deploy, local_client
from infra.local.model_server import ModelServer

# The stage of everything that is deployed here; part of the names of tables and secrets.
STAGE = "local"


@dataclass(frozen=True)
class StackOptions:
    """How the stack is started; port 0 lets the system choose."""

    aws_port: int = 0
    api_port: int = 0
    model_port: int = 0
    state_dir: Path | None = None
    time_scale: float | None = None
    # A server of your own for the AI nodes; None starts the offline one.
    openai_base_url: str | None = None
    openai_api_key: str | None = None
    log_level: str = "INFO"
    allowed_hosts: tuple[str, ...] = ()


class LocalStack:
    """Starts everything, in order, and stops it in the other order. A context manager."""

    def __init__(self, options: StackOptions, say: Say = lambda _: None) -> None:
        """``say`` is told each step."""
        self._options, self._say = options, say
        self._exits = ExitStack()
        self.aws = LocalAws(
            port=options.aws_port,
            api_port=options.api_port,
            state_dir=options.state_dir,
            time_scale=options.time_scale,
            log_file=options.state_dir / "local-aws.log" if options.state_dir else None,
        )
        self.models: ModelServer | None = None
        self.deployment = Deployment({}, changed=False)

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL takes."""
        return self.aws.endpoint

    @property
    def api_url(self) -> str:
        """Where the HTTP API answers, without a slash at the end."""
        return (self.aws.api_endpoint or "").replace("127.0.0.1", "localhost")

    @property
    def data_url(self) -> str | None:
        """The offline data set that the examples call; None without the offline server."""
        return self.models.data_url if self.models else None

    def api_key(self) -> str:
        """The API key that the deployment made."""
        secrets = local_client(self.endpoint, "secretsmanager")
        name = self.deployment.outputs["ApiKeySecretName"]
        value: str = secrets.get_secret_value(SecretId=name)["SecretString"]
        return value

    def start(self) -> Self:
        """Start; what was started is stopped again if a later part fails."""
        with ExitStack() as exits:
            self._say("starting the local AWS")
            exits.enter_context(self.aws)
            base_url, hosts = self._models(exits)
            parameters = self._parameters(base_url, hosts)
            self.deployment = deploy(self.aws.endpoint, parameters, self._say)
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

    def _models(self, exits: ExitStack) -> tuple[str, tuple[str, ...]]:
        """The base URL of the models, and the hosts that the HTTP node may reach here."""
        # The offline server answers the examples' HTTP calls too, so that it runs beside any other.
        self._say("starting the offline model server")
        self.models = exits.enter_context(ModelServer(self._options.model_port))
        host = self.models.origin.removeprefix("http://")
        hosts = (*self._options.allowed_hosts, host, host.replace("127.0.0.1", "localhost"))
        return self._options.openai_base_url or self.models.base_url, hosts

    def _parameters(self, base_url: str, hosts: tuple[str, ...]) -> dict[str, str]:
        return {
            "Stage": STAGE,
            "PublicUrl": self.api_url,
            "CorsOrigins": "",
            "HttpAllowedHosts": ",".join(hosts),
            "OpenAiBaseUrl": base_url,
            "LogLevel": self._options.log_level,
            "DataDeletionPolicy": "Delete",
        }
