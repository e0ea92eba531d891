"""Our addresses beside Streamlit's."""

from __future__ import annotations

from typing import Final

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from server.headers import SecurityHeaders
from server.health import healthz
from server.live import live
from server.media import media
from server.sign_in import close_session, open_session

ROUTES: Final[list[BaseRoute]] = [
    Route("/healthz", healthz),
    Route("/app/session/open", open_session),
    Route("/app/session/close", close_session),
    Route("/app/static/media/{token}.{extension}", media),
    WebSocketRoute("/app/live", live),
]

MIDDLEWARE: Final = [Middleware(SecurityHeaders)]
