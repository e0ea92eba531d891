"""The document's shapes, and everything that it does not allow."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

MODEL = "grok-imagine-video"
KEY = {"Authorization": "Bearer k"}


def test_create_answers_a_request_id_alone(sandbox: Any) -> None:
    answer = sandbox.create("a cat")
    assert answer.status_code == 200
    assert list(answer.json()) == ["request_id"]
    assert re.fullmatch(r"grok_video_\w{10,}", answer.json()["request_id"])


def test_pending_then_done_as_the_document_shows(sandbox: Any, until: Any) -> None:
    sandbox.config(seconds=[0.4, 0.4])
    request_id = sandbox.accepted("a cat", duration=6)
    first = sandbox.poll(request_id)
    assert (first.status_code, first.json()) == (200, {"status": "pending"})
    until(lambda: "video" in sandbox.poll(request_id).json())
    done = sandbox.poll(request_id).json()
    url = done["video"].pop("url")
    assert done == {"model": MODEL, "video": {"duration": "6", "respect_moderation": "true"}}
    assert re.fullmatch(re.escape(sandbox.url) + r"/cdn/\w+\.mp4", url)


def test_url_follows_the_host_header(sandbox: Any) -> None:
    request_id = sandbox.accepted("a cat")
    headers = KEY | {"Host": "videos.test:81"}
    answer = requests.get(f"{sandbox.url}/v1/videos/{request_id}", headers=headers, timeout=5)
    assert answer.json()["video"]["url"].startswith("http://videos.test:81/cdn/")


def test_defaults_are_six_seconds_at_480p_wide(sandbox: Any) -> None:
    sandbox.post({"model": MODEL, "prompt": "a cat"})
    job = sandbox.told("jobs")[0]
    assert (job["duration"], job["size"]) == (6, [848, 480])


def test_models_lists_those_it_has(sandbox: Any) -> None:
    answer = requests.get(f"{sandbox.url}/v1/models", headers=KEY, timeout=5).json()
    assert answer["object"] == "list"
    assert [(m["id"], m["object"], m["owned_by"]) for m in answer["data"]] == [
        (MODEL, "model", "xai"),
        ("sora-2", "model", "openai"),
        ("sora-2-pro", "model", "openai"),
    ]


def test_models_may_be_fewer(sandbox: Any) -> None:
    assert sandbox.config(models=["sora-2"]).json()["models"] == ["sora-2"]
    assert sandbox.models() == ["sora-2"]
    refused = sandbox.create("a cat")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "model_not_found")
    assert f"对于模型 {MODEL} 无可用渠道" in refused.json()["error"]["message"]
    assert sandbox.create("a cat", model="grok-imagine-video-2").status_code == 400
    assert sandbox.counts()["accepted"] == 0
    sandbox.config(models=[])
    assert sandbox.models() == []
    sandbox.config(models=None)
    assert len(sandbox.models()) == 3
    assert sandbox.create("a cat").status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer  ", "Basic abc", "Bearer wrong-key", "Bearer bad1"]
)
def test_no_key_or_a_wrong_one_is_401(sandbox: Any, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    body = {"model": MODEL, "prompt": "a cat"}
    for answer in (
        requests.post(f"{sandbox.url}/v1/videos", json=body, headers=headers, timeout=5),
        requests.get(f"{sandbox.url}/v1/videos/x", headers=headers, timeout=5),
        requests.get(f"{sandbox.url}/v1/models", headers=headers, timeout=5),
    ):
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "new_api_error"
        assert answer.json()["error"]["message"].endswith("令牌")
    assert sandbox.counts()["accepted"] == 0


def test_only_the_given_key_counts_once_there_is_one(sandbox: Any) -> None:
    sandbox.config(key="the-one")
    assert sandbox.post({"model": MODEL, "prompt": "x"}, key="other").status_code == 401
    assert sandbox.post({"model": MODEL, "prompt": "x"}, key="the-one").status_code == 200
    assert "the-one" not in requests.get(f"{sandbox.url}/_sandbox/counts", timeout=5).text
    assert "the-one" not in requests.get(f"{sandbox.url}/_sandbox/config", timeout=5).text


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": "grok-imagine-video-2"}, "model"),
        ({"model": None}, "model"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n "}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": "a" * 4097}, "prompt"),
        ({"prompt": "猫" * 1366}, "prompt"),
        ({"prompt": "\ud800"}, "prompt"),
        ({"duration": "6"}, "duration"),
        ({"duration": 0}, "duration"),
        ({"duration": 16}, "duration"),
        ({"duration": 6.0}, "duration"),
        ({"duration": True}, "duration"),
        ({"duration": None}, "duration"),
        ({"resolution": "1080p"}, "resolution"),
        ({"resolution": 480}, "resolution"),
        ({"aspect_ratio": "auto"}, "aspect_ratio"),
        ({"aspect_ratio": "21:9"}, "aspect_ratio"),
        ({"aspect_ratio": None}, "aspect_ratio"),
        ({"image_url": "https://example.com/a.jpg"}, "image_url"),
        ({"seconds": 4}, "seconds"),
        ({"image": "https://example.com/a.jpg"}, "image"),
        ({"image": None}, "image"),
        ({"image": {}}, "image.url"),
        ({"image": {"url": ""}}, "image.url"),
        ({"image": {"url": "https://example.com/a.jpg", "detail": 1}}, "image.detail"),
        ({"image": {"url": "http://example.com/a.jpg"}}, "image.url"),
        ({"image": {"url": "file:///etc/passwd"}}, "image.url"),
        ({"image": {"url": "https://[bad"}}, "image.url"),
        ({"image": {"url": "data:text/plain;base64,YQ=="}}, "image.url"),
        ({"image": {"url": "data:image/png,abc"}}, "image.url"),
        ({"image": {"url": "data:image/png;base64,***"}}, "image.url"),
        ({"image": {"url": "data:image/png;base64,YWJj"}}, "image.url"),
        ({"image": {"url": "http://127.0.0.1:9/a.jpg"}}, "image.url"),
    ],
)
def test_what_the_document_does_not_allow_is_400(
    sandbox: Any, changes: dict[str, Any], param: str
) -> None:
    answer = sandbox.post({"model": MODEL, "prompt": "a cat"} | changes)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert error["param"] == param
    assert param.partition(".")[0] in error["message"] or param == "image.url"
    assert sandbox.counts()["accepted"] == 0


def test_limits_themselves_are_allowed(sandbox: Any, data_uri: str) -> None:
    for fields in (
        {"prompt": "a" * 4096},
        {"prompt": "猫" * 1365},
        {"duration": 1, "resolution": "480p", "aspect_ratio": "2:3"},
        {"duration": 15, "resolution": "720p", "aspect_ratio": "9:16"},
        {"image": {"url": "https://example.com/a.jpg"}},
        {"image": {"url": data_uri}},
    ):
        assert sandbox.post({"model": MODEL, "prompt": "a cat"} | fields).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 9000])
def test_a_body_that_is_no_json_object_is_400(sandbox: Any, body: bytes) -> None:
    answer = requests.post(
        f"{sandbox.url}/v1/videos",
        data=body,
        headers=KEY | {"Content-Type": "application/json; charset=utf-8"},
        timeout=5,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_json"


def test_other_content_types_are_415(sandbox: Any) -> None:
    fields = {"model": MODEL, "prompt": "a cat"}
    address = f"{sandbox.url}/v1/videos"
    multipart = {name: (None, value) for name, value in fields.items()}
    assert requests.post(address, files=multipart, headers=KEY, timeout=5).status_code == 415
    assert requests.post(address, data=fields, headers=KEY, timeout=5).status_code == 415
    assert requests.post(address, headers=KEY, timeout=5).status_code == 415


def test_too_long_a_body_is_413(start: Any) -> None:
    sandbox = start("--body-limit", "2000")
    assert sandbox.create("a" * 1500).status_code == 200
    assert sandbox.create("a" * 3000).status_code == 413
    assert sandbox.create("a", image={"url": "data:" + "a" * 9000}).status_code == 413


def test_a_picture_on_this_machine_is_fetched(sandbox: Any, picture: bytes) -> None:
    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            moved = self.path == "/moved"
            self.send_response(302 if moved else 200)
            if moved:
                self.send_header("Location", "/picture")
            self.end_headers()
            self.wfile.write(b"" if moved else picture)

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    assert sandbox.create("x", image={"url": f"{base}/picture"}).status_code == 200
    assert sandbox.create("x", image={"url": f"{base}/moved"}).status_code == 400
    server.shutdown()
    server.server_close()
    assert sandbox.told("jobs")[0]["size"] == [720, 480]


def test_unknown_ids_paths_and_methods(sandbox: Any) -> None:
    unknown = sandbox.poll("grok_video_none")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "task_not_exist")
    assert requests.get(f"{sandbox.url}/v1/nothing", headers=KEY, timeout=5).status_code == 404
    assert requests.get(f"{sandbox.url}/v1/videos", headers=KEY, timeout=5).status_code == 405
    assert requests.get(f"{sandbox.url}/cdn/none.mp4", timeout=5).status_code == 404


def test_help_lists_tags_and_endpoints(sandbox: Any) -> None:
    told = requests.get(sandbox.url, timeout=5).json()
    assert "[moderated]" in told["tags"]
    assert "POST /v1/videos" in told["endpoints"]
    assert "GET /v1/videos/{id}/content" in told["endpoints"]


def test_counts_every_call_and_keeps_the_exact_body(sandbox: Any) -> None:
    body = b'{ "model":"grok-imagine-video",\n "prompt": "\xe7\x8c\xab", "duration": 1 }'
    headers = {"Authorization": "Bearer secret-7", "Content-Type": "application/json"}
    answer = requests.post(f"{sandbox.url}/v1/videos", data=body, headers=headers, timeout=5)
    request_id = answer.json()["request_id"]
    sandbox.create("")
    sandbox.poll(request_id)
    requests.get(sandbox.video_url(request_id), timeout=20)
    counts = sandbox.counts()
    summary = ("creates", "accepted", "refused", "polls", "downloads", "cdn_authorization")
    assert [counts[name] for name in summary] == [2, 1, 1, 2, 1, 0]
    told = counts["by_request_id"][request_id]
    assert (told["prompt"], told["body"].encode(), len(told["polls"])) == ("猫", body, 2)
    assert len(told["key"]) == 8
    number = sandbox.told("creates")[0]["number"]
    raw = requests.get(f"{sandbox.url}/_sandbox/creates/{number}/body", timeout=5).content
    assert raw == body
    assert "secret-7" not in requests.get(f"{sandbox.url}/_sandbox/creates", timeout=5).text


def test_config_refuses_what_it_does_not_know(sandbox: Any) -> None:
    for wrong in (
        {"speed": 1},
        {"seconds": [3, 1]},
        {"models": ["sora-3"]},
        {"models": 5},
        {"models": [5]},
        {"create_fault": "nonsense"},
        {"poll_fault": "429"},
    ):
        assert sandbox.config(**wrong).status_code == 400


def test_cdn_refuses_and_counts_a_key(sandbox: Any) -> None:
    request_id = sandbox.accepted("a cat")
    answer = requests.get(sandbox.video_url(request_id), headers=KEY, timeout=5)
    assert answer.status_code == 400
    counts = sandbox.counts()
    assert counts["cdn_authorization"] == 1
    assert counts["by_request_id"][request_id]["cdn_authorization"] is True


def test_cdn_serves_ranges_and_heads(sandbox: Any) -> None:
    url = sandbox.video_url(sandbox.accepted("a cat"))
    whole = requests.get(url, timeout=20)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = requests.get(url, headers={"Range": "bytes=100-299"}, timeout=5)
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(whole.content)}"
    beyond = requests.get(url, headers={"Range": "bytes=99999999-"}, timeout=5)
    assert beyond.status_code == 416
    head = requests.head(url, timeout=5)
    assert head.headers["content-length"] == str(len(whole.content))


def test_cdn_has_nothing_before_the_work_is_done(sandbox: Any) -> None:
    sandbox.config(seconds=[60, 60])
    sandbox.accepted("a cat")
    path = sandbox.told("jobs")[0]["path"]
    assert requests.get(sandbox.url + path, timeout=5).status_code == 404


def test_twenty_at_once(sandbox: Any) -> None:
    with ThreadPoolExecutor(20) as pool:
        ids = list(pool.map(lambda n: sandbox.accepted(f"cat {n}"), range(20)))
    assert len(set(ids)) == 20
    assert sandbox.counts()["accepted"] == 20
    assert len(sandbox.told("jobs")) == 20


def test_answers_do_not_wait_for_rendering(sandbox: Any) -> None:
    for number in range(4):
        long = {"duration": 15, "resolution": "720p"}
        assert sandbox.create(f"cat {number}", **long).elapsed.total_seconds() < 1
    assert sandbox.poll("none").elapsed.total_seconds() < 1
