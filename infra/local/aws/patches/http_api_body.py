"""Defect: an HTTP API that CloudFormation makes from an OpenAPI ``Body`` has no routes.

SAM writes the routes of ``HttpApi`` events into the body of the API; MiniStack's provisioner drops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.local.patch import Patch, Replacement

_INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_CORS = "x-amazon-apigateway-cors"


def _named(props: dict[str, Any]) -> dict[str, Any]:
    """Fill the properties that AWS takes out of the body."""
    body = props.get("Body") or {}
    title = (body.get("info") or {}).get("title")
    cors = body.get(_CORS)
    return {
        "ProtocolType": "HTTP",
        **({"Name": title} if title else {}),
        **({"CorsConfiguration": cors} if cors else {}),
        **props,
    }


def _routes(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the route key and the integration of every operation in the body."""
    for path, operations in (body.get("paths") or {}).items():
        for verb, operation in (operations or {}).items():
            integration = operation.get(_INTEGRATION) if isinstance(operation, dict) else None
            if integration:
                method = "ANY" if verb == _ANY else verb.upper()
                yield ("$default" if path.strip("/") == "$default" else f"{method} {path}"), integration


def _add_routes(api_id: str, body: dict[str, Any], stack_name: str) -> None:
    from ministack.services.cloudformation import provisioners

    for route_key, integration in _routes(body):
        integration_id, _ = provisioners._apigw_v2_integration_create(
            "Integration",
            {
                "ApiId": api_id,
                "IntegrationType": str(integration.get("type", "aws_proxy")).upper(),
                "IntegrationUri": integration.get("uri", ""),
                "PayloadFormatVersion": integration.get("payloadFormatVersion", "2.0"),
                "TimeoutInMillis": integration.get("timeoutInMillis", 30_000),
            },
            stack_name,
        )
        route = {"ApiId": api_id, "RouteKey": route_key, "Target": f"integrations/{integration_id}"}
        provisioners._apigw_v2_route_create("Route", route, stack_name)


def _create(original: Any) -> Any:
    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        api_id, attributes = original(logical_id, _named(props), stack_name)
        _add_routes(api_id, props.get("Body") or {}, stack_name)
        return api_id, attributes

    return create


def _update(original: Any) -> Any:
    def update(
        physical_id: str,
        old_props: dict[str, Any],
        new_props: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> Any:
        from ministack.services import apigateway

        result = original(physical_id, _named(old_props), _named(new_props), stack_name, logical_id)
        if new_props.get("Body"):
            apigateway._routes[result[0]] = {}
            apigateway._integrations[result[0]] = {}
            _add_routes(result[0], new_props["Body"], stack_name)
        return result

    return update


def _replacements() -> Iterator[Replacement]:
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    yield Replacement(handlers, "create", _create)
    yield Replacement(handlers, "update", _update)


PATCH = Patch("aws.http_api_body", _replacements)
