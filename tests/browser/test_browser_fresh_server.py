"""The first request of a server's life is a deep link: no page may open without its sign-in.

Streamlit's older way with a `pages/` folder would run the page alone in just that case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.running import App
from tests.browser.screens import expect_sign_in_form

PATHS = ("/", "/picture", "/library", "/video?job=x")


@pytest.fixture(scope="module")
def fresh(session_apps: Callable[..., App]) -> Iterator[dict[str, App]]:
    """A server for each address, none of which has been asked for anything."""
    servers = {path: session_apps(WORKER="off") for path in PATHS}
    for server in servers.values():
        server.launch()
    for server in servers.values():
        server.until_listening()
    yield servers
    for server in servers.values():
        server.stop()


@pytest.mark.parametrize("path", PATHS)
def test_every_page_refuses_a_stranger(fresh: dict[str, App], page: Page, path: str) -> None:
    page.goto(fresh[path].url + path)
    expect_sign_in_form(page)
    expect(page.get_by_role("heading")).to_have_text(["Grok Video Studio"])
    page.reload()
    expect_sign_in_form(page)
