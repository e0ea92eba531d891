"""The two addresses of a sign-in: one that sets the cookie, one that clears it."""

from __future__ import annotations

import time
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

import studio
from server.cookie import clear_cookie, has_cookie, session_of, set_cookie


def open_session(request: Request) -> Response:
    """Takes a one-time ticket, sets the cookie and goes back to the page that was asked for.

    A receipt rides along in the address, for hosts that drop cookies (`ui/session.py`).
    """
    page = same_site_path(request.query_params.get("next", "/"))
    claimed = studio.current().sessions.claim_ticket(
        request.query_params.get("ticket", ""), time.time()
    )
    if claimed is None:
        return _go(page)
    response = _go(_with_query(page, studio.RECEIPT, claimed.receipt))
    set_cookie(request, response, claimed.token)
    return response


def close_session(request: Request) -> Response:
    """Clears the cookie of a session that has ended, and goes to the sign-in form.

    Sign-out itself happens in the screen, on the server; an address that ended a living session
    could be called from any other site.
    """
    response = _go(same_site_path(request.query_params.get("next", "/")))
    if has_cookie(request) and session_of(request) is None:
        clear_cookie(response)
    return response


def same_site_path(page: str) -> str:
    """`page` if it is a path of this very site, else `/`."""
    try:
        parts = urlsplit(page)
    except ValueError:
        return "/"
    looks_foreign = parts.scheme or parts.netloc or page.startswith("//") or "\\" in page
    if looks_foreign or not page.startswith("/") or any(ord(letter) < 33 for letter in page):
        return "/"
    return page


def _with_query(page: str, name: str, value: str) -> str:
    parts = urlsplit(page)
    query = [
        (key, old) for key, old in parse_qsl(parts.query, keep_blank_values=True) if key != name
    ]
    return parts._replace(query=urlencode([*query, (name, value)])).geturl()


def _go(page: str) -> RedirectResponse:
    return RedirectResponse(page, status_code=303, headers={"Cache-Control": "no-store"})
