"""Whatever comes, the outcome is one of ours, and never a wrong end."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from urllib.parse import urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st

from grok_api import KINDS, ApiError, Done, Failed, Pending, grok, sora
from grok_api.answers import Answer, retry_after
from grok_api.catalogue import Translation
from grok_api.models import read_models
from grok_api.redact import redact

BASE = "https://api.example.com"
NAMES = st.sampled_from(
    [
        "status",
        "state",
        "code",
        "error",
        "message",
        "msg",
        "detail",
        "data",
        "result",
        "video",
        "url",
        "video_url",
        "id",
        "request_id",
        "task_id",
        "respect_moderation",
        "progress",
        "duration",
        "seconds",
        "usage",
        "cost_in_usd_ticks",
        "expires_at",
        "fail_reason",
        "content",
        "videos",
        "output",
        "metadata",
        "prompt",
        "success",
        "errors",
        "object",
        "model",
    ]
)
WORDS = st.sampled_from(
    [
        *[
            "pending",
            "done",
            "completed",
            "failed",
            "SUCCESS",
            "FAILURE",
            "expired",
            "unknown",
            "true",
            "false",
            "401",
            "500",
        ],
        "https://cdn.example.com/v.mp4",
        "/v1/videos/x/content",
        "rejected by content moderation",
        "insufficient balance",
        "Too many requests",
        "Invalid API key",
        "task_not_exist",
        "无可用渠道",
        "违规内容",
        '{"error":{"message":"{\\"code\\":\\"x\\"}"}}',
        "prefix {not json",
        "http://[",
        "",
    ]
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.text(max_size=20)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(NAMES, st.text(max_size=5)), inner, max_size=6),
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(NAMES, DOCUMENTS, max_size=8)
STATUSES = st.one_of(
    st.sampled_from([200, 202, 204, 302, 400, 401, 402, 403, 404, 408, 413, 429, 500, 501, 503]),
    st.integers(100, 700),
)


def check(body: bytes, status: int, creating: bool) -> None:
    for model in (grok, sora):
        check_one(model, Answer(status, body), creating)


def check_one(model: Translation, answer: Answer, creating: bool) -> None:
    found: Any
    try:
        if creating:
            found = model.read_created(answer, BASE, "a prompt of some length")
        else:
            found = model.read_retrieved(answer, BASE, "asked")
    except ApiError as error:
        found = error
    if isinstance(found, ApiError):
        assert len(found.message) <= 500
        assert creating or not found.ambiguous
        if creating and found.kind == "malformed":
            assert found.ambiguous
    assert found.kind in KINDS
    if isinstance(found, Done):
        parts = urlsplit(found.url)
        assert parts.scheme.lower() in ("http", "https")
        assert parts.hostname
    if isinstance(found, Pending):
        assert found.request_id
        assert found.progress is None or 0 <= found.progress <= 99
    if isinstance(found, Failed):
        assert found.message
        json.dumps(found.message).encode()


@settings(max_examples=400, deadline=None)
@given(OBJECTS, STATUSES, st.booleans())
def test_any_object(document: Any, status: int, creating: bool) -> None:
    check(json.dumps(document).encode(), status, creating)


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS, STATUSES, st.booleans())
def test_any_json(document: Any, status: int, creating: bool) -> None:
    check(json.dumps(document).encode(), status, creating)
    with contextlib.suppress(ApiError):
        names = read_models(Answer(status, json.dumps(document).encode()))
        assert all(isinstance(name, str) for name in names)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
    ),
    STATUSES,
    st.booleans(),
)
@example(b"{" * 200_000, 200, False)
@example(b'{"a":' * 100_000, 200, True)
@example(b'{"id":' + b"9" * 100_000 + b"}", 200, True)
@example(b'{"progress": 1e999, "status": "pending", "id": 1}', 200, False)
@example(b'{"id": "\\ud800", "error": "\\ud800"}', 200, True)
@example("\ufeff{}".encode("utf-16"), 200, False)
def test_any_bytes(body: bytes, status: int, creating: bool) -> None:
    check(body, status, creating)


@given(st.text(max_size=60))
@example("Wed, 21 Oct 2015 07:28:00 GMT")
@example("nan")
@example("-1")
@example("1e400")
@example("Mon, 99 Foo 99999 99:99:99 GMT")
def test_any_retry_after(text: str) -> None:
    wait = retry_after({"retry-after": text})
    assert wait is None or 0 <= wait <= 86_400


def test_retry_after_in_both_forms() -> None:
    assert retry_after({"retry-after": " 12 "}) == 12
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT"}, now=1445412480) == 30
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT"}, now=1445419999) == 0
    assert retry_after({}) is None


@given(st.text(max_size=2000))
def test_redaction_never_grows_past_the_limit(text: str) -> None:
    assert len(redact(text)) <= 500


def test_redaction() -> None:
    text = redact(
        "Bearer abcdefghijk and sk-abcdefghijkl and xai-abcdefgh12 at"
        " https://cdn.example.com/v.mp4?X-Amz-Signature=abc#t and https://user:word@h.example/x"
    )
    for secret in ("abcdefgh", "Signature", "word"):
        assert secret not in text
    assert "https://cdn.example.com/v.mp4" in text
