"""The sandbox as a Starlette app: the gateway's routes, the CDN's, and those for tests."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.answers import error
from sandbox.cdn import Cdn
from sandbox.content import Content
from sandbox.control import Control, Endpoint, local_only
from sandbox.faults import TAGS
from sandbox.gateway import Gateway
from sandbox.options import Options
from sandbox.wire import keep_transport, response

ENDPOINTS = {
    "POST /v1/videos": "create a video (with a key; JSON for Grok, multipart/form-data for Sora)",
    "GET /v1/videos/{id}": "ask how it stands (with a key)",
    "GET /v1/videos/{id}/content": "a Sora video (with a key; ?variant=thumbnail or spritesheet)",
    "GET /v1/models": "the models a key may use (with a key)",
    "GET /cdn/{name}.mp4": "a Grok video (without a key)",
    "GET /_sandbox/counts": "every call counted, in all and by request id",
    "GET /_sandbox/creates": "every create in order, refused ones too",
    "GET /_sandbox/creates/{number}/body": "the exact bytes of one",
    "GET /_sandbox/jobs": "every accepted job",
    "GET /_sandbox/config": "the options",
    "POST /_sandbox/config": "replace seconds, latency, key, models, create_fault or poll_fault",
    "POST /_sandbox/reset": "forget every job, call and clip",
}


async def show_help(request: Request) -> Response:
    """Say what this is and what it can do."""
    tags = {f"[{name}]": f"{tag.at}: {tag.means}" for name, tag in TAGS.items()}
    return JSONResponse(
        {
            "sandbox": "a stand-in for the video gateway: no cost, nothing is sent anywhere",
            "endpoints": ENDPOINTS,
            "tags": tags,
        }
    )


async def not_served(request: Request, raised: Exception) -> Response:
    status = raised.status_code if isinstance(raised, HTTPException) else 500
    return response(error(status, f"Invalid URL ({request.method} {request.url.path})", ""))


class Sandbox(Starlette):
    """Starlette, whose faults can reach the socket."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keep_transport(scope, send)
        await super().__call__(scope, receive, send)


def create_app(options: Options | None = None) -> Starlette:
    """Build a sandbox. Without a state folder its jobs and clips end with it."""
    options = options or Options()
    passing = None if options.state else Path(tempfile.mkdtemp(prefix="sandbox-"))
    gateway = Gateway(options, options.state or passing or Path())
    cdn, control = Cdn(gateway), Control(gateway)
    content = Content(cdn)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        gateway.book.close()
        if passing:
            shutil.rmtree(passing, ignore_errors=True)

    def local(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        return Route(f"/_sandbox/{path}", local_only(endpoint), methods=[method])

    app = Sandbox(
        routes=[
            Route("/", show_help),
            Route("/v1/videos", gateway.create, methods=["POST"]),
            Route("/v1/videos/generations", gateway.create, methods=["POST"]),
            Route("/v1/videos/{id}", gateway.poll),
            Route("/v1/videos/{id}/content", content.send),
            Route("/v1/models", gateway.models),
            Route("/cdn/{name}.mp4", cdn.send),
            local("counts", control.counts),
            local("creates", control.creates),
            local("creates/{number:int}/body", control.body),
            local("jobs", control.jobs),
            local("config", control.config),
            local("config", control.config, "POST"),
            local("reset", control.reset, "POST"),
        ],
        exception_handlers={HTTPException: not_served, 500: not_served},
        lifespan=lifespan,
    )
    app.state.gateway, app.state.passing = gateway, passing
    return app
