"""The session's cookie: its name, how it is set, and who a request comes from."""

from __future__ import annotations

import time

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

import studio
from people.sessions import Session


def is_secure(request: HTTPConnection) -> bool:
    """Whether the browser speaks TLS, to us or to the proxy before us."""
    # Several proxies make a list of it, the browser's own first.
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return "https" in {request.url.scheme, forwarded}


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Puts the session's token where scripts cannot read it."""
    response.set_cookie(
        studio.current().cookie_name,
        token,
        max_age=int(studio.current().settings.session_days * 86400),
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )


def clear_cookie(response: Response) -> None:
    response.delete_cookie(studio.current().cookie_name, httponly=True, samesite="lax")


def has_cookie(connection: HTTPConnection) -> bool:
    """Whether the request brings a cookie of ours, good or not."""
    return studio.current().cookie_name in connection.cookies


def session_of(connection: HTTPConnection) -> Session | None:
    """The session that the request's cookie belongs to, or None."""
    token = connection.cookies.get(studio.current().cookie_name)
    return studio.current().sessions.resume(token, time.time()) if token else None


def session_behind(connection: HTTPConnection, session_id: str) -> Session | None:
    """The session a signed address was made for, if the request may use it.

    The cookie must belong to the same person. Only a session that was begun without a cookie,
    because the host drops them, is known by the signature alone.
    """
    made_for = studio.current().sessions.get(session_id, time.time())
    if made_for is None or made_for.cookieless:
        return made_for
    asking = session_of(connection)
    return asking if asking is not None and asking.id == made_for.id else None


def session_of_socket(connection: HTTPConnection, token: str) -> Session | None:
    """The session that a live page's signed token names, if the connection may use it."""
    named = studio.current().links.read(token, studio.LIVE)
    return session_behind(connection, named[1]) if named else None
