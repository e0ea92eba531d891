"""Signed links, and the secret they are signed with."""

from __future__ import annotations

import re
import stat
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from people.links import Link, Links, SecretUnusable, load_secret

SECRET = bytes(range(32))
LINK = Link("01J0000000000000000A", "session-1", "clip")


def test_what_was_signed_is_read_back() -> None:
    links = Links(SECRET)
    token = links.sign("media", *LINK)
    assert links.read(token, "media") == LINK
    assert re.fullmatch(r"[A-Za-z0-9._-]+", token)


def test_the_same_input_gives_the_same_token_in_every_process() -> None:
    assert Links(SECRET).sign("media", *LINK) == Links(SECRET).sign("media", *LINK)
    others = {Links(SECRET).sign("media", *LINK._replace(**{field: "x"})) for field in LINK._fields}
    assert len(others | {Links(SECRET).sign("media", *LINK)}) == 4


def test_the_mark_belongs_to_the_secret() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}", Links(SECRET).mark)
    assert Links(SECRET).mark == Links(SECRET).mark != Links(bytes(32)).mark


def test_a_token_is_good_for_its_purpose_and_secret_only() -> None:
    token = Links(SECRET).sign("media", *LINK)
    assert Links(SECRET).read(token, "socket") is None
    assert Links(bytes(32)).read(token, "media") is None


def test_every_changed_character_is_noticed() -> None:
    links = Links(SECRET)
    token = links.sign("media", *LINK)
    for place, letter in enumerate(token):
        for other in string.ascii_letters + string.digits + "-_.":
            if other != letter:
                changed = token[:place] + other + token[place + 1 :]
                assert links.read(changed, "media") is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "é.é", "\ud800", "x" * 10_000, "..", "=.="])
def test_rubbish_is_refused(token: str) -> None:
    assert Links(SECRET).read(token, "media") is None


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "links.key"
    with ThreadPoolExecutor(16) as threads:
        secrets = set(threads.map(lambda _: load_secret(path), range(16)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["links.key"]


def test_a_damaged_secret_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "links.key"
    path.write_bytes(b"short")
    with pytest.raises(SecretUnusable, match=r"links\.key.*damaged"):
        load_secret(path)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SecretUnusable, match="cannot be read or made"):
        load_secret(tmp_path / "data" / "links.key")
