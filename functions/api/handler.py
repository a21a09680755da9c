"""The entry point of the API function."""

from __future__ import annotations

from typing import Any

from functions.cold_start import build_models_when_used, is_prepared, without_collection, without_pydantic_1

without_pydantic_1()
with without_collection():
    build_models_when_used()
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mangum import Mangum

    from functions.api.app import create_app
    from functions.api.composition import make_services
    from functions.bootstrap import bootstrap
    from functions.telemetry import logger, metrics
    from functions.tracing import traced

with without_collection():
    _asgi = Mangum(create_app(make_services(bootstrap()), with_routes=is_prepared()), lifespan="off")


@logger.inject_lambda_context(clear_state=True)
@traced
@metrics.log_metrics(raise_on_empty_metrics=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP request, in API Gateway's payload format 2.0."""
    answer: dict[str, Any] = _asgi(event, context)
    return answer
