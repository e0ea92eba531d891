"""The addresses that open and close a session."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

import studio
from server.sign_in import same_site_path
from tests.server.conftest import Served, Visitor

FOREIGN = [
    "",
    "library",
    "http://evil.invalid/",
    "https://evil.invalid",
    "HTTPS://evil.invalid",
    "//evil.invalid",
    "///evil.invalid",
    "////evil.invalid/x",
    "/\\evil.invalid",
    "\\\\evil.invalid",
    "/a\\..\\evil",
    "/\t/evil.invalid",
    "/\n/evil.invalid",
    "\t//evil.invalid",
    " //evil.invalid",
    "/\r\nSet-Cookie: a=b",
    "/ /evil.invalid",
    "javascript:alert(1)",
    "data:text/html,x",
    "//[",
    "//[::1]/",
    "//evil.invalid:notaport/",
    "http:evil.invalid",
    "http:/evil.invalid",
    "@evil.invalid",
    "?next=//evil.invalid",
    "#//evil.invalid",
    "/\x00/evil.invalid",
]


@pytest.mark.parametrize("page", FOREIGN)
def test_what_leads_elsewhere_becomes_the_first_page(page: str) -> None:
    assert same_site_path(page) == "/"


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/library",
        "/video?job=01j&x=%2F%2Fevil",
        "/prefix/~/+/library",
        "/a//b",
        "/?q=http://x",
    ],
)
def test_our_own_pages_stay(page: str) -> None:
    assert same_site_path(page) == page


def test_no_redirect_leaves_the_site(served: Served) -> None:
    for route, page in itertools.product(("/app/session/close", "/app/session/open"), FOREIGN):
        answer = served.get(route, params={"next": page, "ticket": "made-up"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), page
        assert "set-cookie" not in answer.headers


@pytest.fixture
def ticket(here: studio.Studio) -> Callable[[float], str]:
    return lambda at: here.sessions.issue_ticket("demo", at)


def test_a_ticket_sets_the_cookie_once(served: Served, ticket: Callable[[float], str]) -> None:
    handed_out = ticket(time.time())
    answer = served.get(
        "/app/session/open", params={"ticket": handed_out, "next": "/video?job=a%2Fb&empty="}
    )
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    target = urlsplit(answer.headers["location"])
    query = parse_qs(target.query, keep_blank_values=True)
    assert (target.netloc, target.path) == ("", "/video")
    assert (query["job"], query["empty"]) == (["a/b"], [""])
    assert query[studio.RECEIPT]

    cookie = answer.headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == served.here.cookie_name
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert "secure" not in attributes
    token = rest.partition(";")[0]
    session = served.here.sessions.resume(token, time.time())
    assert session is not None
    assert session.username == "demo"
    assert token not in answer.headers["location"]

    again = served.get("/app/session/open", params={"ticket": handed_out, "next": "/library"})
    assert again.headers["location"] == "/library"
    assert "set-cookie" not in again.headers


def test_an_old_ticket_opens_nothing(served: Served, ticket: Callable[[float], str]) -> None:
    answer = served.get("/app/session/open", params={"ticket": ticket(time.time() - 31)})
    assert answer.headers["location"] == "/"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("forwarded", "secure"),
    [
        ("https", True),
        ("https, http", True),
        ("HTTPS", True),
        ("http", False),
        ("http,https", False),
    ],
)
def test_behind_tls_the_cookie_is_secure(
    served: Served, ticket: Callable[[float], str], forwarded: str, secure: bool
) -> None:
    answer = served.get(
        "/app/session/open",
        params={"ticket": ticket(time.time())},
        headers={"X-Forwarded-Proto": forwarded},
    )
    assert ("secure" in answer.headers["set-cookie"].lower()) is secure


def test_closing_clears_the_cookie_of_an_ended_session_only(served: Served, demo: Visitor) -> None:
    """Another site's link to this address must not sign anybody out."""
    living = served.get("/app/session/close", demo, params={"next": "/library"})
    assert living.headers["location"] == "/library"
    assert "set-cookie" not in living.headers
    assert demo.session is not None
    assert served.here.sessions.get(demo.session.id, time.time()) is not None

    served.here.sessions.revoke(demo.session.id, time.time())
    ended = served.get("/app/session/close", demo)
    assert f"{served.here.cookie_name}=" in ended.headers["set-cookie"]
    assert "max-age=0" in ended.headers["set-cookie"].lower()
