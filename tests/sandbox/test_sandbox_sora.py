"""Sora: forms in, a video object out, and the file by the API itself."""

from __future__ import annotations

import hashlib
import io
import re
import time
from typing import Any

import av
import numpy as np
import pytest
import requests
from PIL import Image

from sandbox.answers import MODERATED
from sandbox.forms import form_facts, parts_of
from sandbox.sora import SIZES, read_order

KEY = {"Authorization": "Bearer k"}
CREATED = ["id", "object", "status", "created_at", "model", "progress", "seconds", "size"]
SHAPED = {"sora-2": (720, 1280), "sora-2-pro": (1024, 1792)}


def picture(size: tuple[int, int] = (720, 1280), form: str = "PNG", **more: Any) -> bytes:
    gradient = Image.linear_gradient("L").resize(size)
    colours = (gradient, gradient.transpose(Image.Transpose.FLIP_TOP_BOTTOM), gradient)
    buffer = io.BytesIO()
    Image.merge("RGB", colours).save(buffer, form, **more)
    return buffer.getvalue()


def reference(data: bytes, kind: str = "image/png", name: str = "first.png") -> dict[str, Any]:
    return {"input_reference": (name, data, kind)}


# Creates


def test_create_answers_a_queued_video(sandbox: Any) -> None:
    sandbox.config(seconds=[50, 50])
    answer = sandbox.sora("a cat")
    told = answer.json()
    assert (answer.status_code, list(told)) == (200, CREATED)
    assert re.fullmatch(r"video_\w{20,}", told.pop("id"))
    assert abs(told.pop("created_at") - time.time()) < 5
    assert told == {
        "object": "video",
        "status": "queued",
        "model": "sora-2",
        "progress": 0,
        "seconds": "4",
        "size": "720x1280",
    }


@pytest.mark.parametrize(
    ("model", "size", "seconds"),
    [(model, size, "8") for model, sizes in SIZES.items() for size in sizes]
    + [("sora-2", "1280x720", "12"), ("sora-2", "1280x720", "4")],
)
def test_what_may_be_asked_for(sandbox: Any, model: str, size: str, seconds: str) -> None:
    sandbox.config(seconds=[50, 50])
    told = sandbox.sora("a cat [fail]", model=model, size=size, seconds=seconds).json()
    assert (told["model"], told["size"], told["seconds"]) == (model, size, seconds)
    job = sandbox.told("jobs")[0]
    assert (job["family"], job["model"], job["duration"]) == ("sora", model, int(seconds))
    assert f"{job['size'][0]}x{job['size'][1]}" == size


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"model": "sora-3"}, "model", "model_not_found"),
        ({"model": ""}, "model", "model_not_found"),
        ({"prompt": ""}, "prompt", "missing_required_parameter"),
        ({"prompt": " \n "}, "prompt", "missing_required_parameter"),
        ({"prompt": b"\xff\xfe"}, "prompt", "invalid_request"),
        ({"prompt": "a" * 32_001}, "prompt", "invalid_request"),
        ({"seconds": "5"}, "seconds", "invalid_value"),
        ({"seconds": ""}, "seconds", "invalid_value"),
        ({"seconds": "4.0"}, "seconds", "invalid_value"),
        ({"seconds": "04"}, "seconds", "invalid_value"),
        ({"duration": "4"}, "duration", "unknown_parameter"),
        ({"resolution": "720p"}, "resolution", "unknown_parameter"),
        ({"image": "{}"}, "image", "unknown_parameter"),
        ({"input_reference": "data:image/png;base64,YQ=="}, "input_reference", "invalid_type"),
    ],
)
def test_what_is_not_known_is_400(
    sandbox: Any, changes: dict[str, Any], param: str, code: str
) -> None:
    answer = sandbox.form({"model": "sora-2", "prompt": "a cat"} | changes)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert (error["param"], error["code"]) == (param, code)
    assert error["type"] == "invalid_request_error"
    assert sandbox.counts()["accepted"] == 0


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("sora-2", "1024x1792"),
        ("sora-2", "1792x1024"),
        ("sora-2", "720X1280"),
        ("sora-2", "720p"),
        ("sora-2", ""),
        ("sora-2-pro", "1080x1920"),
    ],
)
def test_a_wrong_size_is_named(sandbox: Any, model: str, size: str) -> None:
    answer = sandbox.sora("a cat", model=model, size=size)
    message = f"Invalid size: value must be one of {', '.join(SIZES[model])}"
    error = {"message": message, "type": "invalid_request_error", "code": "invalid_size"}
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_a_field_twice_or_of_the_wrong_kind_is_400(sandbox: Any) -> None:
    pairs = [("model", "sora-2"), ("prompt", "a"), ("prompt", "b")]
    twice = sandbox.form(pairs)
    assert (twice.status_code, twice.json()["error"]["code"]) == (400, "duplicate_parameter")
    assert sandbox.told("creates")[0]["form"] == {"model": "sora-2", "prompt": ["a", "b"]}
    as_file = sandbox.form({"model": "sora-2"}, {"prompt": ("p.txt", b"a cat", "text/plain")})
    assert (as_file.status_code, as_file.json()["error"]["param"]) == (400, "prompt")
    nameless = sandbox.form({"prompt": "a cat"})
    assert (nameless.status_code, nameless.json()["error"]["param"]) == (400, "model")


def test_each_family_has_its_content_type(sandbox: Any) -> None:
    for model in SIZES:
        answer = sandbox.post({"model": model, "prompt": "a cat", "seconds": "4"})
        assert answer.status_code == 415
        error = answer.json()["error"]
        assert error["code"] == "unsupported_media_type"
        assert "multipart/form-data" in error["message"]
    grok = sandbox.form({"model": "grok-imagine-video", "prompt": "a cat"})
    assert grok.status_code == 415
    assert "application/json" in grok.json()["error"]["message"]
    fields = {"model": "sora-2", "prompt": "a cat"}
    address = f"{sandbox.url}/v1/videos"
    assert requests.post(address, data=fields, headers=KEY, timeout=5).status_code == 415
    assert sandbox.counts()["accepted"] == 0


FORM = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nsora-2\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", PART + b"--b--\r\n"),
        (FORM, b""),
        (FORM, b"no boundary"),
        (FORM, PART),
        (FORM, b"--b\r\nContent-Disposition: form-data\r\n\r\nsora-2\r\n--b--\r\n"),
        (FORM, b"--b\r\n\r\nsora-2\r\n--b--\r\n"),
        ("multipart/form-data; boundary=" + "b" * 400, PART + b"--b--\r\n"),
    ],
)
def test_a_broken_form_is_400(sandbox: Any, kind: str, body: bytes) -> None:
    answer = requests.post(
        f"{sandbox.url}/v1/videos", data=body, headers=KEY | {"Content-Type": kind}, timeout=5
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_form")
    assert sandbox.told("creates")[0]["form"] is None


def test_other_multipart_is_415(sandbox: Any) -> None:
    headers = KEY | {"Content-Type": "multipart/mixed; boundary=b"}
    answer = requests.post(
        f"{sandbox.url}/v1/videos", data=PART + b"--b--\r\n", headers=headers, timeout=5
    )
    assert answer.status_code == 415


def test_parts_keep_their_exact_bytes() -> None:
    data = bytes(range(256)) + b"\r\n--B\r\n--b\n\r\n-"
    head = 'Content-Disposition: form-data; name="f"; filename="猫 \\".png"\r\n'.encode()
    body = b"--b\r\n" + head + b"Content-Type: Image/PNG; x=y\r\n\r\n" + data + b"\r\n--b--\r\n"
    (part,) = parts_of(FORM, body)
    assert (part.name, part.file, part.type, bytes(part.data)) == (
        *("f", '猫 ".png', "image/png"),
        data,
    )
    facts = form_facts(FORM, body)
    assert facts
    assert facts["f"]["pixels"] is None


def test_no_key_or_a_wrong_one_is_401(sandbox: Any) -> None:
    for key in ("", "wrong-key", "bad1"):
        assert sandbox.form({"model": "sora-2", "prompt": "a"}, key=key).status_code == 401
    assert sandbox.counts()["accepted"] == 0


def test_a_model_not_open_is_503(sandbox: Any) -> None:
    sandbox.config(models="sora-2-pro, grok-imagine-video")
    assert sandbox.models() == ["grok-imagine-video", "sora-2-pro"]
    refused = sandbox.sora("a cat")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "model_not_found")
    assert "对于模型 sora-2 无可用渠道" in refused.json()["error"]["message"]
    assert sandbox.sora("a cat [fail]", model="sora-2-pro").status_code == 200


# The picture


@pytest.mark.parametrize(
    ("form", "kind"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_a_picture_of_exactly_the_size(sandbox: Any, form: str, kind: str) -> None:
    data = picture((1280, 720), form)
    answer = sandbox.sora(
        "猫 [fail]", reference(data, kind, "猫 one.png"), size="1280x720", seconds="8"
    )
    assert answer.status_code == 200, answer.text
    assert sandbox.told("jobs")[0]["from_picture"] is True
    (create,) = sandbox.told("creates")
    assert create["content_type"].startswith("multipart/form-data; boundary=")
    assert create["json"] is None
    assert create["form"] == {
        "model": "sora-2",
        "prompt": "猫 [fail]",
        "size": "1280x720",
        "seconds": "8",
        "input_reference": {
            "name": "猫 one.png",
            "type": kind,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "pixels": [1280, 720],
        },
    }
    assert sandbox.counts(answer.json()["id"])["form"] == create["form"]


def rotated() -> bytes:
    """Stored upright, but marked as lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture(form="JPEG", exif=exif)


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (picture((720, 1279)), "image/png", "invalid_image_size"),
        (picture((1280, 720)), "image/png", "invalid_image_size"),
        (rotated(), "image/jpeg", "invalid_image_size"),
        (picture((720, 1280), "GIF"), "image/gif", "unsupported_file_mimetype"),
        (picture(), "application/octet-stream", "unsupported_file_mimetype"),
        (picture(), "", "unsupported_file_mimetype"),
        (picture(), "image/jpeg", "invalid_image"),
        (picture((720, 1280), "GIF"), "image/png", "invalid_image"),
        (picture()[:3000], "image/png", "invalid_image"),
        (b"no picture", "image/png", "invalid_image"),
        (b"", "image/png", "invalid_image"),
    ],
)
def test_any_other_picture_is_400(sandbox: Any, data: bytes, kind: str, code: str) -> None:
    answer = sandbox.sora("a cat", reference(data, kind))
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == ("input_reference", code)
    assert error["type"] == "invalid_request_error"
    assert sandbox.counts()["accepted"] == 0


def test_two_pictures_are_400(sandbox: Any) -> None:
    file = ("a.png", picture(), "image/png")
    answer = requests.post(
        f"{sandbox.url}/v1/videos",
        data={"model": "sora-2", "prompt": "a"},
        files=[("input_reference", file), ("input_reference", file)],
        headers=KEY,
        timeout=10,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "duplicate_parameter")


def test_defaults_of_an_order() -> None:
    body = (
        PART + b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n a cat \r\n--b--\r\n'
    )
    order = read_order(FORM, body)
    assert (order.prompt, order.model, order.duration) == (" a cat ", "sora-2", 4)
    assert (order.size, order.picture) == ((720, 1280), None)


# Polls


def test_progress_grows_until_it_is_completed(sandbox: Any) -> None:
    sandbox.config(seconds=[1, 1])
    answer = sandbox.sora("a cat")
    created = answer.json()
    polls = []
    while not polls or polls[-1]["status"] != "completed":
        polls.append(sandbox.poll(created["id"]).json())
        assert len(polls) < 100
        time.sleep(0.05)
    assert polls[0] == created
    words = [poll["status"] for poll in polls]
    assert list(dict.fromkeys(words)) == ["queued", "in_progress", "completed"]
    progress = [poll["progress"] for poll in polls]
    assert progress == sorted(progress)
    assert all((p == 0) == (w == "queued") for p, w in zip(progress, words, strict=True))
    under_way = [p for p, w in zip(progress, words, strict=True) if w == "in_progress"]
    assert len(set(under_way)) > 3
    assert 1 <= min(under_way) <= max(under_way) <= 99
    done = polls[-1]
    completed_at, expires_at = done.pop("completed_at"), done.pop("expires_at")
    assert expires_at > completed_at >= done["created_at"]
    assert done == created | {"status": "completed", "progress": 100}


def test_unknown_ids(sandbox: Any) -> None:
    unknown = sandbox.poll("video_none")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "task_not_exist")
    assert sandbox.content("video_none").status_code == 404


BLOCKED = "Your request was blocked by our moderation system."


@pytest.mark.parametrize(
    ("tag", "status", "error"),
    [
        ("moderated", 200, {"code": "content_policy_violation", "message": BLOCKED}),
        ("moderatedurl", 200, {"code": "content_policy_violation", "message": BLOCKED}),
        ("moderatedtext", 200, {"code": "content_policy_violation", "message": MODERATED}),
        ("fail", 200, {"code": "internal_error", "message": "The video could not be generated."}),
        (
            "fail400",
            400,
            {"code": "internal_error", "message": "The video could not be generated."},
        ),
    ],
)
def test_failures(sandbox: Any, tag: str, status: int, error: dict[str, str]) -> None:
    video_id = sandbox.sora_accepted(f"a cat [{tag}]")
    answer = sandbox.poll(video_id)
    told = answer.json()
    assert (answer.status_code, told["status"], told["error"]) == (status, "failed", error)
    assert set(told) == {*CREATED, "error"}
    assert sandbox.content(video_id).status_code == 404
    assert sandbox.told("jobs")[0]["has_clip"] is False


def test_other_ends(sandbox: Any) -> None:
    def end(tag: str) -> requests.Response:
        answer = sandbox.poll(sandbox.sora_accepted(f"a cat [{tag}]"))
        assert isinstance(answer, requests.Response)
        return answer

    assert end("expired").json()["status"] == "expired"
    assert end("failreason").json()["data"]["status"] == "FAILURE"
    assert (end("done202").status_code, end("done202").json()["status"]) == (202, "completed")
    assert end("blanks").text.startswith(" \n")
    assert end("blanks").json()["status"] == "completed"
    assert end("usage").json()["usage"] == {"cost_in_usd_ticks": 4_000_000_000}
    assert end("nourl").json()["status"] == "completed"
    told = end("relative").json()
    assert told["url"] == f"/v1/videos/{told['id']}/content"
    for tag in ("completed", "contentlist", "wrapped"):
        told = end(tag).json()
        url = {
            "completed": lambda told: told["video_url"],
            "contentlist": lambda told: told["content"][0]["url"],
            "wrapped": lambda told: told["data"]["result_url"],
        }[tag](told)
        assert url.startswith(f"{sandbox.url}/cdn/")


# Tags


@pytest.mark.parametrize(
    ("tag", "status", "text"),
    [
        ("429", 429, "model sora-2."),
        ("quota", 403, "用户额度不足"),
        ("quota429", 429, "used all available credits"),
        ("key", 401, "无效的令牌"),
        ("key400", 400, "Incorrect API key provided"),
        ("firewall", 403, "<html>"),
        ("nochannel", 503, "模型 sora-2 无可用渠道"),
        ("5xx", 502, "error code: 502"),
        ("html", 200, "<html>"),
        ("413", 413, "<html>"),
        ("nopath", 404, "invalid_api_platform"),
        ("moderated400", 400, '"code": "moderation_blocked"'),
        ("nested", 400, r"\"code\": \"moderation_blocked\""),
    ],
)
def test_refusals_accept_nothing(sandbox: Any, tag: str, status: int, text: str) -> None:
    answer = sandbox.sora(f"a cat [{tag}]")
    answer.encoding = "utf-8"
    assert answer.status_code == status
    assert text in answer.text
    counts = sandbox.counts()
    assert (counts["accepted"], counts["results"]) == (0, {f"create.{tag}": 1})


def test_blocked_at_the_create_as_openai_says_it(sandbox: Any) -> None:
    error = {"message": BLOCKED, "type": "invalid_request_error", "param": None}
    answer = sandbox.sora("a cat [moderated400]").json()
    assert answer == {"error": error | {"code": "moderation_blocked"}}


def test_the_other_path(sandbox: Any) -> None:
    files = {"model": (None, "sora-2"), "prompt": (None, "a cat [nopath] [fail]")}
    address = f"{sandbox.url}/v1/videos/generations"
    assert requests.post(address, files=files, headers=KEY, timeout=5).status_code == 200
    files["prompt"] = (None, "a cat [fail]")
    assert requests.post(address, files=files, headers=KEY, timeout=5).status_code == 404


def test_answers_lost_on_the_way(sandbox: Any) -> None:
    with pytest.raises(requests.ConnectionError):
        sandbox.sora("a cat [dropfirst] [fail]")
    assert sandbox.counts()["accepted"] == 0
    assert sandbox.sora("a cat [dropfirst] [fail]").status_code == 200
    with pytest.raises(requests.ConnectionError):
        sandbox.sora("a cat [drop] [fail]")
    assert sandbox.sora("a cat [502after] [fail]").status_code == 502
    slow = sandbox.sora("a cat [slowanswer:0.3] [fail]")
    assert slow.elapsed.total_seconds() >= 0.3
    assert sandbox.counts()["accepted"] == 4


def test_shapes_of_acceptance(sandbox: Any) -> None:
    assert set(sandbox.sora("a [id] [fail]").json()) == {"id", "status"}
    assert set(sandbox.sora("a [taskid] [fail]").json()) == {"task_id", "status"}
    answer = sandbox.sora("a [created202] [fail]")
    assert (answer.status_code, list(answer.json())) == (202, CREATED)


def test_shapes_of_pending(sandbox: Any) -> None:
    def poll(tag: str) -> requests.Response:
        answer = sandbox.poll(sandbox.sora_accepted(f"a cat [{tag}] [seconds:0] [forever]"))
        assert isinstance(answer, requests.Response)
        return answer

    assert (poll("forever").json()["status"], poll("forever").json()["progress"]) == (
        "in_progress",
        99,
    )
    assert poll("progress").json()["progress"] == "99%"
    assert poll("inprogress").json()["progress"] == 99
    assert set(poll("nostatus").json()) == {"id"}
    assert poll("oddword").json()["status"] == "warming_up"
    assert (poll("empty202").status_code, poll("empty202").content) == (202, b"")
    request_id = sandbox.told("jobs")[0]["request_id"]
    assert sandbox.content(request_id).status_code == 404


def test_time_of_work(sandbox: Any) -> None:
    sandbox.config(seconds=[10, 10])
    for prompt in ("[slow] [fail]", "[seconds:2] [fail]"):
        sandbox.sora_accepted(prompt)
    took = [round(job["due_at"] - job["accepted_at"]) for job in sandbox.told("jobs")]
    assert took == [30, 2]


def test_polls_that_fail_and_go_on(sandbox: Any) -> None:
    request_id = sandbox.sora_accepted(
        "[poll5xx:1] [pollhtml:1] [poll429:1] [poll401:1] [poll404:1] [fail]"
    )
    answers = [sandbox.poll(request_id) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [502, 200, 429, 401, 404, 200]
    assert "model sora-2." in answers[2].text
    assert answers[5].json()["status"] == "failed"
    request_id = sandbox.sora_accepted("[polldrop:1] [fail]")
    with pytest.raises(requests.ConnectionError):
        sandbox.poll(request_id)
    assert sandbox.poll(request_id).status_code == 200


# Content


def test_content_is_kept_from_strangers_and_early_comers(sandbox: Any) -> None:
    sandbox.config(seconds=[60, 60])
    video_id = sandbox.sora_accepted("a cat")
    for key in ("", "wrong-key", "bad1"):
        answer = sandbox.content(video_id, key=key)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "new_api_error")
    early = sandbox.content(video_id)
    assert early.status_code == 404
    assert "not ready" in early.json()["error"]["message"]
    path = sandbox.told("jobs")[0]["path"]
    assert requests.get(sandbox.url + path, timeout=5).status_code == 404
    results = sandbox.counts()["results"]
    assert (results["download.refused"], results["download.early"]) == (3, 1)
    assert sandbox.counts(video_id)["results"] == ["download.early", "download.unknown"]


def test_a_grok_video_has_no_content_route(sandbox: Any) -> None:
    assert sandbox.content(sandbox.accepted("a cat [fail]")).status_code == 404


def frames_of(clip: bytes) -> list[Any]:
    with av.open(io.BytesIO(clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_content_of_a_picture(sandbox: Any) -> None:
    """One clip, asked for in every way: it is rendered once."""
    given = picture()
    video_id = sandbox.sora_accepted("zoom out", reference(given))
    whole = sandbox.content(video_id)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = sandbox.content(video_id, "video", Range="bytes=100-299")
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    address = f"{sandbox.url}/v1/videos/{video_id}/content"
    head = requests.head(address, headers=KEY, timeout=5)
    assert head.headers["content-length"] == str(len(whole.content))
    path = sandbox.told("jobs")[0]["path"]
    assert requests.get(sandbox.url + path, timeout=5).status_code == 404

    with av.open(io.BytesIO(whole.content)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (720, 1280, 24)
        assert container.duration == 4_000_000
    frames = frames_of(whole.content)
    assert len(frames) == 96
    expected = np.asarray(Image.open(io.BytesIO(given))).astype(int)
    inner = slice(160, 1120)
    assert np.abs(frames[0].astype(int) - expected)[inner].mean() < 3
    assert np.abs(frames[-1].astype(int) - expected)[inner].mean() > 3

    thumbnail = sandbox.content(video_id, "thumbnail")
    still = Image.open(io.BytesIO(thumbnail.content))
    assert (thumbnail.headers["content-type"], still.format) == ("image/webp", "WEBP")
    assert still.size == (720, 1280)
    assert np.abs(np.asarray(still.convert("RGB")).astype(int) - frames[0]).mean() < 3
    sheet = sandbox.content(video_id, "spritesheet")
    grid = Image.open(io.BytesIO(sheet.content))
    assert (sheet.headers["content-type"], grid.format) == ("image/jpeg", "JPEG")
    assert grid.size == (720, 960)
    wrong = sandbox.content(video_id, "poster")
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "variant")

    told = sandbox.counts(video_id)
    lengths = {name: len(told[f"{name}s"]) for name in ("thumbnail", "spritesheet", "head")}
    assert lengths == {"thumbnail": 1, "spritesheet": 1, "head": 1}
    assert told["results"].count("download.sent") == 2
    counts = sandbox.counts()
    assert (counts["thumbnails"], counts["spritesheets"]) == (1, 1)


def test_content_that_goes_wrong_first(sandbox: Any) -> None:
    """One clip, spoilt in every way before it comes whole; by its URL too, as a tag allows."""
    video_id = sandbox.sora_accepted(
        "a cat [gone:1] [badclip] [cutclip] [cutlink] [slowclip:0.3] [completed]"
    )
    gone, page, half = (sandbox.content(video_id) for _ in range(3))
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "content_not_found")
    assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        sandbox.content(video_id)
    whole = sandbox.content(video_id)
    assert (whole.status_code, whole.elapsed.total_seconds() >= 0.3) == (200, True)
    assert half.content == whole.content[: len(whole.content) // 2]
    url = sandbox.poll(video_id).json()["video_url"]
    assert requests.get(url, timeout=10).content == whole.content
    assert requests.get(url, headers=KEY, timeout=10).status_code == 400


def test_content_gone_until_polled_again_or_for_good(sandbox: Any) -> None:
    video_id = sandbox.sora_accepted("a cat [gone]")
    sandbox.poll(video_id)
    assert [sandbox.content(video_id).status_code for _ in range(2)] == [404, 404]
    sandbox.poll(video_id)
    assert sandbox.content(video_id).status_code == 200
    video_id = sandbox.sora_accepted("a cat [lost]")
    assert sandbox.content(video_id).status_code == 404
    assert sandbox.content(video_id, "thumbnail").status_code == 404


def test_the_largest_size_is_exact(sandbox: Any) -> None:
    video_id = sandbox.sora_accepted("a cat", model="sora-2-pro", size="1792x1024")
    with av.open(io.BytesIO(sandbox.content(video_id).content)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.frames) == (1792, 1024, 96)
        assert stream.codec_context.name == "h264"


def test_jobs_survive_a_kill(start: Any, tmp_path: Any) -> None:
    options = ("--state", str(tmp_path), "--seconds", "0", "0")
    first = start(*options)
    created = first.sora("a cat [usage] [lost]", model="sora-2-pro", seconds="8").json()
    first.kill()
    second = start(*options)
    told = second.poll(created["id"]).json()
    assert (told["model"], told["seconds"], told["status"]) == ("sora-2-pro", "8", "completed")
    assert told["usage"] == {"cost_in_usd_ticks": 24_000_000_000}
    (create,) = second.told("creates")
    assert create["form"]["prompt"] == "a cat [usage] [lost]"
