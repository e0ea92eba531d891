"""Tags: words in square brackets that make a prompt meet an outcome, a fault or an odd shape.

`[name]` or `[name:N]` (`[429x3]` also works), anywhere in the prompt, any number of them. The same
names, without brackets, can be set for every call with `--create-fault` and `--poll-fault`. They
mean the same for every family of models unless their line says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

ALWAYS = float("inf")


class At(StrEnum):
    """The call that a tag changes."""

    REFUSE = "create, nothing accepted"
    ACCEPT = "create, accepted"
    WORK = "how long the work takes"
    POLL = "a poll"
    END = "what comes of it"
    DOWNLOAD = "the download"


@dataclass(frozen=True)
class Tag:
    at: At
    means: str
    number: float = ALWAYS
    """What `[name]` stands for when no number is written: mostly how many times it happens."""


TAGS: dict[str, Tag] = {
    "429": Tag(At.REFUSE, "429 with Retry-After: 1, N times (1), then accepted", 1),
    "quota": Tag(At.REFUSE, "403, no money left (用户额度不足)"),
    "quota429": Tag(At.REFUSE, "429 that means no money left"),
    "key": Tag(At.REFUSE, "401, the key is not valid"),
    "key400": Tag(At.REFUSE, "400, 'Incorrect API key provided'"),
    "firewall": Tag(At.REFUSE, "403 with an HTML page"),
    "nochannel": Tag(At.REFUSE, "503, no channel for this model"),
    "5xx": Tag(At.REFUSE, "502 'error code: 502', N times (always), nothing accepted"),
    "html": Tag(At.REFUSE, "200 with an HTML page, nothing accepted"),
    "413": Tag(At.REFUSE, "413, body too large"),
    "nopath": Tag(At.REFUSE, "404 on POST /v1/videos; POST /v1/videos/generations works"),
    "moderated400": Tag(At.REFUSE, "400 imagine:content-moderated; Sora: 400 moderation_blocked"),
    "nested": Tag(At.REFUSE, "400 whose message is JSON in a string"),
    "drop": Tag(At.ACCEPT, "accepted and kept, then the connection dies without an answer"),
    "dropfirst": Tag(At.REFUSE, "the connection dies, nothing accepted, N times (1)", 1),
    "slowanswer": Tag(At.ACCEPT, "accepted at once, answered after N seconds (5)", 5),
    "502after": Tag(At.ACCEPT, "accepted and kept, but answered with 502"),
    "id": Tag(At.ACCEPT, 'answers {"id", "status": "queued"}'),
    "taskid": Tag(At.ACCEPT, 'answers {"task_id", "status": "queued"}'),
    "created202": Tag(At.ACCEPT, "the usual answer with HTTP 202"),
    "slow": Tag(At.WORK, "takes N times longer (3)", 3),
    "seconds": Tag(At.WORK, "takes N seconds (30)", 30),
    "forever": Tag(At.WORK, "stays pending"),
    "progress": Tag(At.POLL, 'pending answers carry "progress": "30%"'),
    "inprogress": Tag(
        At.POLL, "pending answers say queued, then in_progress, with a number (Sora: as usual)"
    ),
    "nostatus": Tag(At.POLL, "pending answers carry only the id"),
    "oddword": Tag(At.POLL, "pending answers carry a status word nobody knows"),
    "empty202": Tag(At.POLL, "pending answers are HTTP 202 without a body"),
    "poll5xx": Tag(At.POLL, "N polls (2) answer 502, then it goes on", 2),
    "pollhtml": Tag(At.POLL, "N polls (2) answer 200 with an HTML page, then it goes on", 2),
    "poll429": Tag(At.POLL, "N polls (2) answer 429 with Retry-After: 1, then it goes on", 2),
    "poll401": Tag(At.POLL, "N polls (always) answer 401"),
    "poll404": Tag(At.POLL, "N polls (always) answer 404 task_not_exist"),
    "polldrop": Tag(At.POLL, "N polls (2) end without an answer, then it goes on", 2),
    "moderated": Tag(
        At.END, 'done shape, respect_moderation "false", no url; Sora: content_policy_violation'
    ),
    "moderatedurl": Tag(At.END, "the same with a url that does not work (Sora: the same)"),
    "moderatedtext": Tag(At.END, "failed: 'Generated video rejected by content moderation.'"),
    "fail": Tag(At.END, "status failed with an error"),
    "failreason": Tag(At.END, "status FAILURE with a fail_reason, wrapped in data"),
    "fail400": Tag(At.END, "HTTP 400 whose body is a failed video"),
    "expired": Tag(At.END, "status expired"),
    "nourl": Tag(At.END, "done without any url (Sora: as usual)"),
    "done202": Tag(At.END, "the usual done answer with HTTP 202"),
    "completed": Tag(At.END, "status completed with a top-level video_url, open without a key"),
    "contentlist": Tag(At.END, 'status completed with content: [{"type": "video", "url": …}]'),
    "wrapped": Tag(At.END, '{"code": "success", "data": {…}} with a result_url'),
    "relative": Tag(At.END, "done with a url without a host (Sora: its content, with the key)"),
    "blanks": Tag(At.END, "done with blanks before the JSON"),
    "usage": Tag(At.END, "done with usage.cost_in_usd_ticks"),
    "gone": Tag(At.DOWNLOAD, "404, N times; without a number until polled again"),
    "lost": Tag(At.DOWNLOAD, "404, always"),
    "badclip": Tag(At.DOWNLOAD, "200 with an HTML page, N times (1)", 1),
    "cutclip": Tag(At.DOWNLOAD, "200 with the first half of the file, N times (1)", 1),
    "cutlink": Tag(At.DOWNLOAD, "the connection dies halfway, N times (1)", 1),
    "slowclip": Tag(At.DOWNLOAD, "the file begins after N seconds (5)", 5),
}

WRITTEN = re.compile(r"\[([a-z0-9]+?)(?:[x:](\d+(?:\.\d+)?))?\]", re.IGNORECASE)

Tags = dict[str, float]


def tags_in(prompt: str) -> Tags:
    """The known tags of a prompt, each with its number; other words in brackets are left alone."""
    found: Tags = {}
    for name, number in WRITTEN.findall(prompt):
        if tag := TAGS.get(name.lower()):
            found[name.lower()] = float(number) if number else tag.number
    return found


def untagged(prompt: str) -> str:
    """The prompt as people read it, without the known tags."""
    bare = WRITTEN.sub(lambda m: "" if m[1].lower() in TAGS else m[0], prompt)
    return re.sub(r"[ \t]{2,}", " ", bare).strip()


def named(fault: str) -> Tags:
    """Read `name` or `name:N` as given to an option. Raises ValueError for an unknown name."""
    if not fault:
        return {}
    found = tags_in(f"[{fault}]")
    if not found:
        raise ValueError(f"unknown fault {fault!r}; known are {', '.join(TAGS)}")
    return found


REFUSING = {name for name, tag in TAGS.items() if tag.at == At.REFUSE}

CLIPLESS = {
    *("moderated", "moderatedurl", "moderatedtext", "fail", "failreason", "fail400"),
    *("expired", "nourl"),
}
"""Ends without a file to download, where the end of the work is a URL."""
