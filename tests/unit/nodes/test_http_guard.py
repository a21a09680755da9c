from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from engine.errors import NodeError, RetryableNodeError
from engine.node import HttpSettings, NodeContext
from nodes.http_exchange import Limits, exchange
from nodes.http_guard import Guard, GuardedTransport
from nodes.http_guard_address import explain_refusal
from nodes.http_node import HttpNode
from nodes.http_request import OutgoingRequest
from tests.unit.nodes.hostile_url import HOSTILE_URLS, NAMES
from tests.unit.nodes.node_bench import make_context, make_credential, run
from tests.unit.nodes.raw_server import RawServer, redirect, reply


async def resolve(host: str, port: int) -> list[str]:
    del port
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return NAMES[host]


class GuardedNode(HttpNode):
    """The HTTP node with the hostile name server."""

    def make_guard(self, context: NodeContext) -> Guard:
        return Guard(context.http.allowed_hosts, resolve)


@pytest.fixture(scope="module")
def shared() -> Iterator[RawServer]:
    with RawServer({"/": reply(b"the inside"), "/ok": reply(b"fine")}) as server:
        yield server


@pytest.fixture
def server(shared: RawServer) -> RawServer:
    shared.received.clear()
    shared.connections = 0
    return shared


def open_context(server: RawServer, **fields: object) -> NodeContext:
    return make_context(f"open.test:{server.port}", **fields)


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_a_hostile_url_is_refused_before_anything_connects(url: str, server: RawServer) -> None:
    address = url.replace("{port}", str(server.port))

    with pytest.raises(NodeError) as caught:
        run(GuardedNode({"url": address, "timeout_seconds": 3}), open_context(server))

    assert (type(caught.value), caught.value.field, server.connections) == (NodeError, "config.url", 0)


def test_the_table_of_hostile_urls_has_no_doubles() -> None:
    assert len(set(HOSTILE_URLS)) == len(HOSTILE_URLS) >= 60


@pytest.mark.parametrize(
    "url",
    [
        *(url for url in HOSTILE_URLS if "://" in url),
        "//127.0.0.1:{port}/",
        "//localhost:{port}/",
    ],
)
def test_a_redirect_to_a_hostile_url_is_refused_after_one_request(url: str, server: RawServer) -> None:
    address = url.replace("{port}", str(server.port))
    if "\r" in address or "\t" in address or not address.isascii():
        address = address.encode("utf-8").decode("latin-1").replace("\r\n", "").replace("\t", "")
    server.answers["/go"] = redirect(address)

    with pytest.raises(NodeError) as caught:
        run(
            GuardedNode({"url": f"http://open.test:{server.port}/go", "timeout_seconds": 3}),
            open_context(server),
        )

    assert (type(caught.value), [request.path for request in server.received]) == (NodeError, ["/go"])
    assert server.connections == 1


def test_a_name_on_the_allow_list_is_reached_with_its_name_in_the_host_header(server: RawServer) -> None:
    result = run(GuardedNode({"url": f"http://open.test:{server.port}/ok"}), open_context(server))

    assert result.values["output"] == "fine"
    assert server.received[0].headers["host"] == f"open.test:{server.port}"


def test_a_name_is_looked_up_by_the_system_unless_told_otherwise(server: RawServer) -> None:
    context = make_context(f"localhost:{server.port}")

    assert run(HttpNode({"url": f"http://localhost:{server.port}/ok"}), context).values["output"] == "fine"


@pytest.mark.parametrize("spelled", ["OPEN.test", "open.test."])
def test_the_allow_list_knows_a_name_in_any_case_and_with_a_final_dot(
    spelled: str, server: RawServer
) -> None:
    result = run(GuardedNode({"url": f"http://{spelled}:{server.port}/ok"}), open_context(server))

    assert result.values["output"] == "fine"


def test_the_allow_list_lets_through_one_port_of_a_host_and_no_other(server: RawServer) -> None:
    with pytest.raises(NodeError, match=r"'open\.test:1'"):
        run(GuardedNode({"url": "http://open.test:1/"}), open_context(server))


def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_connected_to() -> None:
    lookups: list[str] = []
    reached: list[tuple[str, str, object]] = []

    async def rebind(host: str, port: int) -> list[str]:
        lookups.append(host)
        return ["93.184.216.34"] if len(lookups) == 1 else ["127.0.0.1"]

    def note(request: httpx.Request) -> httpx.Response:
        sni = request.extensions.get("sni_hostname")
        reached.append((str(request.url), request.headers["host"], sni))
        return httpx.Response(200)

    async def send() -> None:
        guarded = GuardedTransport(Guard(resolve=rebind), httpx.MockTransport(note))
        async with httpx.AsyncClient(transport=guarded) as client:
            await client.get("https://rebinding.test/a?b=c")
            with pytest.raises(NodeError, match="a loopback address"):
                await client.get("https://rebinding.test/a?b=c")

    asyncio.run(send())
    assert lookups == ["rebinding.test", "rebinding.test"]
    assert reached == [("https://93.184.216.34/a?b=c", "rebinding.test", "rebinding.test")]


def test_the_next_address_of_a_name_is_tried_when_one_does_not_connect(server: RawServer) -> None:
    async def find_two(host: str, port: int) -> list[str]:
        # Nothing listens on this one.
        return ["127.0.0.9", "127.0.0.1"]

    class TwoAddresses(HttpNode):
        def make_guard(self, context: NodeContext) -> Guard:
            return Guard(context.http.allowed_hosts, find_two)

    result = run(TwoAddresses({"url": f"http://open.test:{server.port}/ok"}), open_context(server))

    assert result.values["output"] == "fine"


def test_a_name_server_that_is_away_for_a_moment_is_worth_another_try(server: RawServer) -> None:
    async def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    class NoNames(HttpNode):
        def make_guard(self, context: NodeContext) -> Guard:
            return Guard(context.http.allowed_hosts, fail)

    with pytest.raises(RetryableNodeError, match="could not be resolved just now"):
        run(NoNames({"url": "http://public.test/", "method": "POST"}), open_context(server))


def test_proxies_of_the_environment_are_ignored(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    result = run(GuardedNode({"url": f"http://open.test:{server.port}/ok"}), open_context(server))

    assert result.values["output"] == "fine"


def test_secrets_do_not_follow_a_redirect_to_another_origin(server: RawServer) -> None:
    server.answers["/away"] = redirect(f"http://other.test:{server.port}/ok")
    context = make_context(
        f"open.test:{server.port}",
        f"other.test:{server.port}",
        credential=make_credential("header", name="X-Custom", value="open sesame"),
    )
    config = {
        "url": f"http://open.test:{server.port}/away",
        "credential": "mine",
        "headers": {
            "Authorization": "Bearer typed",
            "Cookie": "a=b",
            "X-Api-Key": "typed too",
            "X-Page": "7",
        },
    }

    run(GuardedNode(config), context)

    first, second = server.received
    kept = {"authorization", "cookie", "x-api-key", "x-custom", "x-page"}
    assert kept & set(first.headers) == kept
    assert kept & set(second.headers) == {"x-page"}


def test_secrets_follow_a_redirect_within_the_same_origin(server: RawServer) -> None:
    server.answers["/here"] = redirect("/ok")
    context = open_context(server, credential=make_credential("bearer", token="open sesame"))

    run(GuardedNode({"url": f"http://open.test:{server.port}/here", "credential": "mine"}), context)

    assert [request.headers["authorization"] for request in server.received] == ["Bearer open sesame"] * 2


def test_a_loop_of_redirects_ends_at_the_limit(server: RawServer) -> None:
    server.answers["/loop"] = redirect("/loop")

    with pytest.raises(NodeError, match="more than 3 redirects") as caught:
        run(
            GuardedNode({"url": f"http://open.test:{server.port}/loop", "max_redirects": 3}),
            open_context(server),
        )

    assert (caught.value.field, len(server.received)) == ("config.max_redirects", 4)


def test_tls_names_the_host_and_checks_its_certificate_not_that_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path, "open.test")
    client_side = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr("nodes.http_exchange.make_tls_context", lambda: client_side)
    with TlsServer(certificate) as server:
        port = server.port
        context = make_context(f"open.test:{port}", f"other.test:{port}")
        result = run(GuardedNode({"url": f"https://open.test:{port}/"}), context)
        with pytest.raises(NodeError, match="the certificate is not valid") as caught:
            run(GuardedNode({"url": f"https://other.test:{port}/"}), context)

    assert (result.values["output"], server.names) == ("over tls", ["open.test", "other.test"])
    assert type(caught.value) is NodeError


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "64:ff9b::808:808"],
)
def test_a_public_address_is_not_refused(address: str) -> None:
    assert explain_refusal(address) is None


def test_what_is_no_address_is_never_taken_for_a_public_one() -> None:
    with pytest.raises(ValueError, match="not-an-address"):
        explain_refusal("not-an-address")


def test_the_guard_stands_when_a_request_is_sent_without_the_node() -> None:
    request = OutgoingRequest("GET", "http://169.254.169.254/", (), (), None, True, (), frozenset())

    with pytest.raises(NodeError, match="link-local or metadata"):
        asyncio.run(exchange(request, Guard(), Limits(3, 3, 1000)))


def test_nothing_but_public_addresses_is_let_through_by_default() -> None:
    assert HttpSettings().allowed_hosts == frozenset()


def write_certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for ``name``, its key in the same file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


class TlsServer(RawServer):
    """The raw server behind TLS; ``names`` holds the server names that clients asked for."""

    def __init__(self, certificate: Path) -> None:
        super().__init__({"/": reply(b"over tls")})
        self.names: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)  # type: ignore[assignment, func-returns-value]
        self._tls = context

    def _serve(self, connection: socket.socket) -> None:
        try:
            secured = self._tls.wrap_socket(connection, server_side=True)
        except (ssl.SSLError, OSError):
            connection.close()
            return
        super()._serve(secured)
