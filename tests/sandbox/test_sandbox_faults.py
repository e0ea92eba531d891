"""Every tag does what its line in the help says."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.answers import MODERATED
from sandbox.faults import ALWAYS, TAGS, named, tags_in, untagged


def test_tags_are_read_with_and_without_numbers() -> None:
    assert tags_in("a [429] b [poll5xx:5] [5xx] [5xxx2] [Slow:0.5]") == {
        "429": 1,
        "poll5xx": 5,
        "5xx": 2,
        "slow": 0.5,
    }
    assert tags_in("[429x3] [gone] [wide shot] []") == {"429": 3, "gone": ALWAYS}
    assert untagged("[fail] a cat [wide shot] [429x2]") == "a cat [wide shot]"
    assert named("poll5xx:4") == {"poll5xx": 4}
    with pytest.raises(ValueError, match="unknown fault"):
        named("nonsense")


@pytest.mark.parametrize(
    ("tag", "status", "text"),
    [
        ("quota", 403, "用户额度不足"),
        ("quota429", 429, "used all available credits"),
        ("key", 401, "无效的令牌"),
        ("key400", 400, "Incorrect API key provided"),
        ("firewall", 403, "<html>"),
        ("nochannel", 503, "无可用渠道"),
        ("5xx", 502, "error code: 502"),
        ("html", 200, "<html>"),
        ("413", 413, "<html>"),
        ("moderated400", 400, "imagine:content-moderated"),
        ("nested", 400, r"{\"code\": \"imagine:content-moderated\""),
    ],
)
def test_refusals_accept_nothing(sandbox: Any, tag: str, status: int, text: str) -> None:
    for _ in range(2):
        answer = sandbox.create(f"a cat [{tag}]")
        assert answer.status_code == status
        answer.encoding = "utf-8"
        assert text in answer.text
    counts = sandbox.counts()
    assert (counts["creates"], counts["accepted"]) == (2, 0)
    assert counts["results"] == {f"create.{tag}": 2}


def test_too_fast_so_many_times_then_accepted(sandbox: Any) -> None:
    for prompt, times in (("a [429]", 1), ("b [429x3]", 3), ("c [5xx:2]", 2), ("a [429]", 1)):
        answers = [sandbox.create(prompt) for _ in range(times + 1)]
        refused = {answer.status_code for answer in answers[:-1]}
        assert refused == ({502} if "5xx" in prompt else {429})
        assert answers[-1].status_code == 200
        if "429" in prompt:
            assert answers[0].headers["retry-after"] == "1"


def test_the_other_path(sandbox: Any) -> None:
    def generations(prompt: str) -> int:
        body = {"model": "grok-imagine-video", "prompt": prompt}
        headers = {"Authorization": "Bearer k"}
        address = f"{sandbox.url}/v1/videos/generations"
        return requests.post(address, json=body, headers=headers, timeout=5).status_code

    assert generations("a cat") == 404
    refused = sandbox.create("a cat [nopath]")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "invalid_api_platform")
    assert generations("a cat [nopath]") == 200
    assert sandbox.counts()["accepted"] == 1


def test_dropped_after_acceptance(sandbox: Any) -> None:
    with pytest.raises(requests.ConnectionError):
        sandbox.create("a cat [drop]")
    assert sandbox.counts()["accepted"] == 1
    request_id = sandbox.told("jobs")[0]["request_id"]
    assert "video" in sandbox.poll(request_id).json()


def test_dropped_before_acceptance(sandbox: Any) -> None:
    with pytest.raises(requests.ConnectionError):
        sandbox.create("a cat [dropfirst]")
    assert sandbox.counts()["accepted"] == 0
    assert sandbox.create("a cat [dropfirst]").status_code == 200


def test_accepted_but_answered_with_502(sandbox: Any) -> None:
    assert sandbox.create("a cat [502after]").status_code == 502
    assert sandbox.counts()["accepted"] == 1


def test_accepted_at_once_answered_late(sandbox: Any) -> None:
    with pytest.raises(requests.Timeout):
        sandbox.post(
            {"model": "grok-imagine-video", "prompt": "a cat [slowanswer]"}, timeout=(2, 0.2)
        )
    assert sandbox.counts()["accepted"] == 1
    answer = sandbox.create("a dog [slowanswer:0.3]")
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.3


@pytest.mark.parametrize(
    ("tag", "status", "fields"),
    [
        ("id", 200, {"id", "status"}),
        ("taskid", 200, {"task_id", "status"}),
        ("created202", 202, {"request_id"}),
    ],
)
def test_shapes_of_acceptance(sandbox: Any, tag: str, status: int, fields: set[str]) -> None:
    answer = sandbox.create(f"a cat [{tag}]")
    assert (answer.status_code, set(answer.json())) == (status, fields)
    known = next(value for name, value in answer.json().items() if name.endswith("id"))
    assert known in sandbox.counts()["by_request_id"]


def test_time_of_work(sandbox: Any) -> None:
    sandbox.config(seconds=[10, 10])
    for prompt in ("plain", "[slow]", "[slow:5]", "[seconds:2]", "[seconds:0] [forever]"):
        sandbox.accepted(prompt)
    jobs = sandbox.told("jobs")
    took = [round(job["due_at"] - job["accepted_at"]) for job in jobs]
    assert took == [10, 30, 50, 2, 0]
    assert sandbox.poll(jobs[-1]["request_id"]).json() == {"status": "pending"}


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("progress", {"status": "pending", "progress": "0%"}),
        ("inprogress", {"id": None, "status": "queued", "progress": 0}),
        ("nostatus", {"request_id": None}),
        ("oddword", {"request_id": None, "status": "warming_up"}),
    ],
)
def test_shapes_of_pending(sandbox: Any, tag: str, expected: dict[str, Any]) -> None:
    sandbox.config(seconds=[500, 500])
    request_id = sandbox.accepted(f"a cat [{tag}]")
    filled = {name: request_id if value is None else value for name, value in expected.items()}
    answer = sandbox.poll(request_id)
    assert (answer.status_code, answer.json()) == (200, filled)


def test_pending_without_a_body(sandbox: Any) -> None:
    answer = sandbox.poll(sandbox.accepted("a cat [empty202] [forever]"))
    assert (answer.status_code, answer.content) == (202, b"")


@pytest.mark.parametrize(
    ("tag", "status", "text"),
    [
        ("poll5xx", 502, "error code: 502"),
        ("pollhtml", 200, "<html>"),
        ("poll429", 429, "Too many requests"),
        ("poll404:2", 404, "task_not_exist"),
        ("poll401:2", 401, "令牌"),
    ],
)
def test_a_few_polls_fail_then_it_goes_on(sandbox: Any, tag: str, status: int, text: str) -> None:
    request_id = sandbox.accepted(f"a cat [{tag}]")
    for _ in range(2):
        answer = sandbox.poll(request_id)
        answer.encoding = "utf-8"
        assert answer.status_code == status
        assert text in answer.text
    assert "video" in sandbox.poll(request_id).json()


def test_a_poll_without_an_answer(sandbox: Any) -> None:
    request_id = sandbox.accepted("a cat [polldrop:1]")
    with pytest.raises(requests.ConnectionError):
        sandbox.poll(request_id)
    assert "video" in sandbox.poll(request_id).json()


URL = "a url"
FAILED = {"code": "internal_error", "message": "The video could not be generated."}
DONE = {"duration": "1", "respect_moderation": "true"}
WITHHELD = {"duration": "1", "respect_moderation": "false"}
MODEL = {"model": "grok-imagine-video"}


@pytest.mark.parametrize(
    ("tag", "status", "expected"),
    [
        ("moderated", 200, MODEL | {"video": WITHHELD}),
        ("moderatedurl", 200, MODEL | {"video": {"url": URL} | WITHHELD}),
        (
            "moderatedtext",
            200,
            {"status": "failed", "error": {"code": "generation_failed", "message": MODERATED}},
        ),
        ("fail", 200, {"status": "failed", "error": FAILED}),
        ("fail400", 400, {"status": "failed", "error": FAILED}),
        ("expired", 200, {"status": "expired"}),
        ("nourl", 200, MODEL | {"video": DONE}),
        ("done202", 202, MODEL | {"video": {"url": URL} | DONE}),
        ("relative", 200, MODEL | {"video": {"url": URL} | DONE}),
        ("blanks", 200, MODEL | {"video": {"url": URL} | DONE}),
        (
            "usage",
            200,
            MODEL | {"video": {"url": URL} | DONE, "usage": {"cost_in_usd_ticks": 500_000_000}},
        ),
    ],
)
def test_ends(sandbox: Any, tag: str, status: int, expected: dict[str, Any]) -> None:
    answer = sandbox.poll(sandbox.accepted(f"a cat [{tag}]"))
    got = answer.json()
    video = got.get("video", {})
    if "url" in video:
        assert video["url"].startswith("/cdn/" if tag == "relative" else f"{sandbox.url}/cdn/")
        address = video["url"] if "://" in video["url"] else sandbox.url + video["url"]
        there = requests.head(address, timeout=20).status_code
        assert there == (404 if tag == "moderatedurl" else 200)
        video["url"] = URL
    assert (answer.status_code, got) == (status, expected)
    assert answer.text.startswith(" \n") == (tag == "blanks")


def test_ends_of_relatives(sandbox: Any) -> None:
    completed = sandbox.poll(sandbox.accepted("a cat [completed]")).json()
    assert completed["status"] == "completed"
    assert completed["video_url"].endswith(".mp4")
    listed = sandbox.poll(sandbox.accepted("a cat [contentlist]")).json()
    assert (listed["status"], listed["content"][0]["type"]) == ("completed", "video")
    assert listed["content"][0]["url"].endswith(".mp4")
    wrapped = sandbox.poll(sandbox.accepted("a cat [wrapped]")).json()
    assert (wrapped["code"], wrapped["data"]["status"]) == ("success", "SUCCESS")
    assert wrapped["data"]["result_url"].endswith(".mp4")
    failed = sandbox.poll(sandbox.accepted("a cat [failreason]")).json()
    assert failed["data"]["status"] == "FAILURE"
    assert failed["data"]["fail_reason"]


def test_gone_until_polled_again(sandbox: Any) -> None:
    request_id = sandbox.accepted("a cat [gone]")
    url = sandbox.video_url(request_id)
    assert [requests.get(url, timeout=20).status_code for _ in range(3)] == [404] * 3
    assert sandbox.video_url(request_id) == url
    assert [requests.get(url, timeout=20).status_code for _ in range(2)] == [200] * 2


def test_gone_a_number_of_times_or_for_good(sandbox: Any) -> None:
    url = sandbox.video_url(sandbox.accepted("a cat [gone:2]"))
    assert [requests.get(url, timeout=20).status_code for _ in range(3)] == [404, 404, 200]
    request_id = sandbox.accepted("a cat [lost]")
    for _ in range(2):
        assert requests.get(sandbox.video_url(request_id), timeout=20).status_code == 404


def test_bad_files_once(sandbox: Any) -> None:
    url = sandbox.video_url(sandbox.accepted("a cat [badclip]"))
    page, whole = requests.get(url, timeout=20), requests.get(url, timeout=20)
    assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
    assert whole.headers["content-type"] == "video/mp4"
    url = sandbox.video_url(sandbox.accepted("a cat [cutclip]"))
    half, whole = requests.get(url, timeout=20), requests.get(url, timeout=20)
    assert half.status_code == 200
    assert half.content == whole.content[: len(whole.content) // 2]


def test_a_download_that_dies_halfway(sandbox: Any) -> None:
    url = sandbox.video_url(sandbox.accepted("a cat [cutlink]"))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.get(url, timeout=20)
    assert requests.get(url, timeout=20).status_code == 200


def test_a_slow_download(sandbox: Any) -> None:
    answer = requests.get(sandbox.video_url(sandbox.accepted("a [slowclip:0.3]")), timeout=20)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.3


def test_faults_of_every_call(sandbox: Any) -> None:
    sandbox.config(create_fault="quota", poll_fault="poll5xx:1", latency=0.1)
    refused = sandbox.create("a cat")
    assert refused.status_code == 403
    assert refused.elapsed.total_seconds() >= 0.1
    sandbox.config(create_fault=None, latency=0)
    request_id = sandbox.accepted("a cat")
    assert sandbox.poll(request_id).status_code == 502
    assert "video" in sandbox.poll(request_id).json()


def test_every_tag_is_tried_in_this_file() -> None:
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    assert [name for name in TAGS if f"[{name}" not in text and f'"{name}' not in text] == []
