"""A real OIDC issuer on loopback: publishes its keys over HTTP, and signs tokens with them."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "mini-n8n"


def _spelled(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class LocalIssuer:
    """``asked`` lists the paths that were asked for; ``broken`` makes every answer a 500."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.published: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.broken = False
        self.named_issuer: str | None = None
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                documents = {
                    "/.well-known/openid-configuration": {
                        "issuer": issuer.named_issuer or issuer.url,
                        "jwks_uri": f"{issuer.url}/keys",
                    },
                    "/keys": {"keys": issuer.published},
                }
                body = json.dumps(documents.get(self.path, {})).encode()
                self.send_response(500 if issuer.broken else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.add_key("first")

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add_key(self, kid: str, bits: int = 2048, *, publish: bool = True, **more: Any) -> None:
        """A new key; the ones before stay published."""
        self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        public = self.keys[kid].public_key().public_numbers()
        if publish:
            jwk = {"kty": "RSA", "kid": kid, "use": "sig", "n": _spelled(public.n), "e": _spelled(public.e)}
            self.published.append(jwk | more)

    def add_curve_key(self, kid: str) -> None:
        self.keys[kid] = ec.generate_private_key(ec.SECP256R1())
        self.published.append({"kty": "EC", "kid": kid, "crv": "P-256", "x": "AA", "y": "AA"})

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ann",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "groups": ["mini-n8n-editor", "ops"],
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, kid: str = "first", alg: str = "RS256", headers: Any = None, **changes: Any) -> str:
        """A signed token; a claim given as None is left out."""
        return jwt.encode(
            self.claims(**changes), self.keys[kid], algorithm=alg, headers={"kid": kid} | (headers or {})
        )
