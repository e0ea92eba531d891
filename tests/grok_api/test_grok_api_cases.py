"""Every answer in cases.jsonl, over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grok_api import MODELS, ApiError, VideoClient, VideoRequest
from grok_api.answers import Answer

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
    "poster_url",
)
GROK, SORA = "grok-imagine-video", "sora-2"
PROMPT = "A cat playing in a sunlit garden"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['call']}-{case['name']}")
def test_the_answer_is_read_as_what_it_means(case: dict[str, Any], gateway: Any) -> None:
    gateway.answer(case["status"], case["body"], case.get("headers"))
    client = VideoClient(KEY, gateway.url, retries=0, create_path="/v1/videos")
    model = case.get("model", GROK)
    try:
        found: Any = (
            client.create(VideoRequest(PROMPT, model=model))
            if case["call"] == "create"
            else client.retrieve("asked", model=model)
        )
    except ApiError as error:
        found = error
    assert found.kind in [case["kind"], *case.get("also_ok", [])], repr(found)
    for name in FIELDS:
        if name in case:
            expected = case[name]
            if name in ("url", "poster_url"):
                expected = expected.replace("https://api.dubrify.com", gateway.url)
            assert getattr(found, name) == expected
    assert len(gateway.seen) == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['call']}-{case['name']}")
def test_models_differ_in_a_video_without_an_address_only(case: dict[str, Any]) -> None:
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    answer = Answer(case["status"], body.encode(), case.get("headers", {}))
    grok, sora = (outcome(model, case["call"], answer) for model in (GROK, SORA))
    if (grok.kind, sora.kind) == ("failed", "done"):
        assert sora.url == "https://api.example.com/v1/videos/asked/content"
        return
    assert grok.kind == sora.kind
    for name in ("request_id", "progress", "code", "message", "ambiguous", "cost_usd"):
        assert getattr(grok, name, None) == getattr(sora, name, None)


def outcome(model: str, call: str, answer: Answer) -> Any:
    base = "https://api.example.com"
    module = MODELS[model]
    try:
        if call == "create":
            return module.read_created(answer, base, PROMPT)
        return module.read_retrieved(answer, base, "asked")
    except ApiError as error:
        return error
