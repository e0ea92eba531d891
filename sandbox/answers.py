"""Bodies as the gateway and its relatives send them. Pure: no request, no clock, no disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

RETRY = {"Retry-After": "1"}
PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment…</title></head><body>Checking.</body></html>"
)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: a str body goes out as it is, anything else as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def encoded(self) -> bytes:
        text = (
            self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        )
        return text.encode()


class RefusedError(Exception):
    """A call that is answered with an error."""

    def __init__(self, answer: Answer):
        super().__init__(answer.body)
        self.answer = answer


def error(
    status: int,
    message: str,
    code: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """`{"error": {"message", "type", "code", "param"}}`, the family's usual shape."""
    body = {"error": {"message": message, "type": kind, "code": code, "param": param}}
    return Answer(status, body, headers or {})


def gateway_error(
    status: int, message: str, code: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """The relay's own errors: a type of its own and no param."""
    body = {"error": {"message": message, "type": "new_api_error", "code": code}}
    return Answer(status, body, headers or {})


def too_fast(model: str) -> Answer:
    message = f"Too many requests for model {model}. Requests per Second (actual/limit): 2/2"
    return gateway_error(429, message, "rate_limit_exceeded", RETRY)


def no_channel(model: str) -> Answer:
    message = f"当前分组 default 下对于模型 {model} 无可用渠道"
    return gateway_error(503, message, "model_not_found")


def page(status: int) -> Answer:
    return Answer(status, PAGE, media_type="text/html; charset=utf-8")


BAD_KEY = gateway_error(401, "无效的令牌", "invalid_token")
NO_KEY = gateway_error(401, "未提供令牌", "missing_token")
BAD_GATEWAY = Answer(502, "error code: 502", media_type="text/plain; charset=utf-8")
NO_MONEY = gateway_error(403, "用户额度不足, 剩余额度: ＄0.000000", "insufficient_user_quota")
NOT_FOUND = gateway_error(404, "task_not_exist", "task_not_exist")
MODERATED = "Generated video rejected by content moderation."
INTERNAL = ("internal_error", "The video could not be generated.")

Fault = Answer | Callable[[str], Answer]
"""An answer, or how to make it for a model."""

REFUSALS: dict[str, Fault] = {
    "429": too_fast,
    "quota": NO_MONEY,
    "quota429": gateway_error(
        429,
        "Your team has either used all available credits or reached its monthly spending limit.",
        "insufficient_user_quota",
    ),
    "key": BAD_KEY,
    "key400": Answer(
        400,
        {
            "code": "Client specified an invalid argument",
            "error": "Incorrect API key provided: sk***",
        },
    ),
    "firewall": page(403),
    "nochannel": no_channel,
    "5xx": BAD_GATEWAY,
    "html": page(200),
    "413": Answer(413, "<html><body>413 Request Entity Too Large</body></html>", {}, "text/html"),
    "nopath": gateway_error(404, "Invalid URL (POST /v1/videos)", "invalid_api_platform"),
}

HICCUPS: dict[str, Fault] = {
    "poll5xx": BAD_GATEWAY,
    "pollhtml": page(200),
    "poll429": too_fast,
    "poll401": BAD_KEY,
    "poll404": NOT_FOUND,
}


def fault_answer(name: str, model: str) -> Answer:
    """What a tag answers where the family has no words of its own."""
    answer = REFUSALS.get(name) or HICCUPS[name]
    return answer if isinstance(answer, Answer) else answer(model)
