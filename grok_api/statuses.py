"""Reads which job an answer speaks of, and the word for its state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from grok_api.documents import identifier
from grok_api.words import words

State = Literal["pending", "done", "failed", "moderated", "expired", "strange"]

_STATES: Mapping[State, frozenset[str]] = {
    "pending": words(
        """pending queued queue queueing queuing in_queue in_progress inprogress processing process
        in_process running generating generation not_start not_started notstart unstart
        submitted submitting submit created creating starting started start waiting wait
        scheduled preparing prepared rendering uploading downloading accepted init initialized
        initializing new retrying preprocessing postprocessing working ongoing active
        排队中 处理中 生成中 进行中 等待中 审核中 未开始 已提交"""
    ),
    "done": words(
        """done complete completed success succeeded succeed successful finished finish generated
        成功 已完成 完成 生成成功"""
    ),
    "failed": words(
        """failed fail failure error errored err cancelled canceled cancel aborted terminated
        rejected timeout timed_out time_out timedout stopped killed
        失败 已失败 生成失败 已取消 超时"""
    ),
    "moderated": words(
        """moderated content_moderated moderation_failed moderation_blocked content_filtered
        filtered content_blocked blocked nsfw 审核未通过 审核失败 违规"""
    ),
    "expired": frozenset({"expired", "expire", "已过期"}),
}
_BY_WORD: Mapping[str, State] = {w: state for state, words in _STATES.items() for w in words}
_STATUS_NAMES = ("status", "task_status", "job_status", "state")
_ID_NAMES = (
    "request_id", "requestId", "task_id", "taskId", "id", "video_id", "generation_id", "job_id"
)  # fmt: skip


def given_id(found: list[dict[str, object]], creating: bool) -> str | None:
    """Return the job's id, as text."""
    for name in _ID_NAMES:
        for layer in found:
            if (given := identifier(layer.get(name))) is not None:
                return given
    # Some relays answer a create call with the bare id as data.
    for layer in found if creating else ():
        data = layer.get("data")
        if isinstance(data, str) and (given := identifier(data)) is not None:
            return given
    return None


def state_of(found: list[dict[str, object]]) -> tuple[str, State | None]:
    """Return the status word as given, and what it means (None where there is none)."""
    words = [(i, word) for i, layer in enumerate(found) if (word := _word(layer))]
    # Of the call, not of the job, where a word about the job stands further in.
    if len(words) > 1 and words[0][0] == 0 and _meaning(words[0][1]) == "done":
        words = words[1:]
    if not words:
        return "", None
    depth, word = words[0]
    if depth == 0 and word.lower() in ("success", "ok") and len(found) > 1:
        inner = found[1]
        if not inner.keys() & {"video", "url", "video_url", "result_url"}:
            return "", None
    return word, _meaning(word) if word.lower() != "ok" else None


def _word(layer: dict[str, object]) -> str:
    for name in _STATUS_NAMES:
        value = layer.get(name)
        # Numbers are HTTP statuses, or codes that nobody documents.
        if isinstance(value, str) and value.strip() and not value.strip().isdigit():
            return value.strip()
    return ""


def _meaning(word: str) -> State:
    plain = re.sub(r"[\s-]+", "_", word.strip().lower())
    plain = re.sub(r"^(?:\w+_)?(?:status|state)_", "", plain)
    return _BY_WORD.get(plain) or _BY_WORD.get(plain.rsplit(".", 1)[-1], "strange")
