"""The page at /docs: Swagger UI, served from the package that carries it, so that it works offline."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response

STATIC_PATH = "/docs-assets"
MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon.png": "image/png",
}
# A day: the files change with a deployment alone, and a browser that keeps them for longer gains little.
CACHE_SECONDS = 86_400


def read_asset(name: str) -> bytes:
    """An asset, compressed with gzip: in a package it stands so, elsewhere as it was published."""
    spec = find_spec("fastapi_offline")  # found and not imported: it brings an app class of its own
    assert spec is not None  # noqa: S101 - a dependency
    assert spec.origin is not None  # noqa: S101 - a package with code
    folder = Path(spec.origin).parent / "static"
    packed = folder / f"{name}.gz"
    return packed.read_bytes() if packed.exists() else gzip.compress((folder / name).read_bytes(), mtime=0)


def get_asset(name: str, request: Request) -> Response:
    """One of the page's own files."""
    if name not in MEDIA_TYPES:
        raise HTTPException(404, f"The page has no asset '{name[:100]}'; it has {', '.join(MEDIA_TYPES)}.")
    data = read_asset(name)
    headers = {"Cache-Control": f"public, max-age={CACHE_SECONDS}", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        data = gzip.decompress(data)
    return Response(data, media_type=MEDIA_TYPES[name], headers=headers)


def install_docs_page(app: FastAPI) -> None:
    """Serve the page and its assets; the app was made without a page of its own."""
    app.add_api_route(f"{STATIC_PATH}/{{name}}", get_asset, include_in_schema=False)

    @app.get("/docs", include_in_schema=False)
    def get_docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=f"{app.title} API",
            swagger_js_url=f"{STATIC_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{STATIC_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{STATIC_PATH}/favicon.png",
        )
