from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from engine.errors import NodeError, RetryableNodeError
from engine.node import HttpSettings, NodeContext
from nodes.http_exchange import Limits, exchange
from nodes.http_guard import Guard, GuardedTransport
from nodes.http_guard_address import explain_refusal
from nodes.http_node import HttpNode
from nodes.http_request import OutgoingRequest
from tests.unit.nodes.node_bench import make_context, make_credential, run
from tests.unit.nodes.raw_server import RawServer, redirect, reply

# What a hostile name server would answer; every other name does not exist.
NAMES: dict[str, list[str]] = {
    "open.test": ["127.0.0.1"],
    "other.test": ["127.0.0.1"],
    "loopback.test": ["127.0.0.1"],
    "loopback-v6.test": ["::1"],
    "mapped.test": ["::ffff:127.0.0.1"],
    "private.test": ["10.1.2.3"],
    "metadata.test": ["169.254.169.254"],
    "ula.test": ["fd00:ec2::254"],
    "nat64.test": ["64:ff9b::7f00:1"],
    "sixtofour.test": ["2002:7f00:1::"],
    "mixed.test": ["93.184.216.34", "127.0.0.1"],
    "scoped.test": ["fe80::1%eth0"],
    "zero.test": ["0.0.0.0"],
    "public.test": ["93.184.216.34"],
}


async def resolve(host: str, port: int) -> list[str]:
    del port
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return NAMES[host]


class GuardedNode(HttpNode):
    """The HTTP node with the hostile name server."""

    def make_guard(self, context: NodeContext) -> Guard:
        return Guard(context.http.allowed_hosts, resolve)


HOSTILE_URLS = [
    # Loopback, in every spelling that some parser understands.
    "http://127.0.0.1:{port}/",
    "http://127.0.0.2:{port}/",
    "http://127.255.255.254:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0x7F.0x0.0x0.0x1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0177.0.0.01:{port}/",
    "http://017700000001:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://127.0.0.0x1:{port}/",
    "http://127.0.0.1%2f@example.com:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/",  # full-width digits
    "http://127。0。0。1:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[64:ff9b::a9fe:a9fe]/latest/meta-data/",
    "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[2002:a9fe:a9fe::]/latest/meta-data/",
    "http://[2001:0:7f00:1::]:{port}/",
    "http://[::1%25lo]:{port}/",
    # Loopback, by name.
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://localhost.localdomain:{port}/",
    "http://anything.localhost:{port}/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "http://loopback.test:{port}/",
    "http://loopback-v6.test:{port}/",
    "http://mapped.test:{port}/",
    "http://nat64.test:{port}/",
    "http://sixtofour.test:{port}/",
    "http://mixed.test:{port}/",
    "http://zero.test:{port}/",
    # Metadata, and the Lambda runtime API.
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://169.254.170.2/v2/credentials",
    "http://2852039166/latest/meta-data/",
    "http://0xA9FEA9FE/latest/meta-data/",
    "http://0251.0376.0251.0376/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://metadata.test/latest/meta-data/",
    "http://ula.test/latest/meta-data/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/machine/",
    "http://192.0.0.192/opc/v1/instance/",
    "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    # Private, link-local and other ranges that are not public.
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://203.0.113.7/",
    "http://224.0.0.1/",
    "http://239.255.255.250:1900/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[fc00::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
    "http://[4000::1]/",
    "http://private.test/",
    "http://scoped.test/",
    # Other schemes.
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:{port}/_GET",
    "dict://127.0.0.1:{port}/",
    "ldap://127.0.0.1:{port}/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "/etc/passwd",
    "http:/127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "http://",
    "https://",
    "http:///path",
    # Credentials in the URL, and authorities that two parsers read differently.
    "http://user:password@open.test:{port}/",
    "http://user@open.test:{port}/",
    "http://:@open.test:{port}/",
    "http://open.test:{port}@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@open.test:{port}/",
    "http://open.test\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@open.test/",
    "http://open.test%00.127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\t/",
    "http://127.0.0.1\r\nHost: open.test:{port}/",
    "http://[::1]open.test:{port}/",
    "http://[127.0.0.1]:{port}/",
    "http://open.test:{port}:80/",
    "http://open.test:0/",
    "http://open.test:99999/",
    "http://open.test:-1/",
    "http://open..test:{port}/",
    "http://-open.test:{port}/",
    "http://" + "a" * 64 + ".test:{port}/",
    "http://" + "a." * 200 + "test:{port}/",
    "http://nowhere.test:{port}/",
]


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

    def note(request: httpx2.Request) -> httpx2.Response:
        sni = request.extensions.get("sni_hostname")
        reached.append((str(request.url), request.headers["host"], sni))
        return httpx2.Response(200)

    async def send() -> None:
        guarded = GuardedTransport(Guard(resolve=rebind), httpx2.MockTransport(note))
        async with httpx2.AsyncClient(transport=guarded) as client:
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
