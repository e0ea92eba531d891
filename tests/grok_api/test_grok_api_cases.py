"""Every answer in cases.jsonl, over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grok_api import ApiError, VideoClient, VideoRequest

KEY = "sk-canary-0123456789abcdef"
CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases.jsonl").read_text("utf-8").splitlines()
]
FIELDS = (
    "request_id",
    "progress",
    "url",
    "seconds",
    "cost_usd",
    "expires_at",
    "ambiguous",
    "retry_after",
    "message",
)
REQUEST = VideoRequest("A cat playing in a sunlit garden")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['call']}-{case['name']}")
def test_the_answer_is_read_as_what_it_means(case: dict[str, Any], gateway: Any) -> None:
    gateway.answer(case["status"], case["body"], case.get("headers"))
    client = VideoClient(KEY, gateway.url, retries=0, create_path="/v1/videos")
    try:
        found: Any = (
            client.create(REQUEST) if case["call"] == "create" else client.retrieve("asked")
        )
    except ApiError as error:
        found = error
    assert found.kind in [case["kind"], *case.get("also_ok", [])], repr(found)
    for name in FIELDS:
        if name in case:
            expected = case[name]
            if name == "url":
                expected = expected.replace("https://api.dubrify.com", gateway.url)
            assert getattr(found, name) == expected
    assert len(gateway.seen) == 1
