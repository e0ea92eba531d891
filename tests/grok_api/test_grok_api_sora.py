"""Sora through the same gateway: what may be asked, what goes over the wire, where videos lie."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from grok_api import (
    ApiError,
    AuthError,
    Done,
    InvalidRequest,
    LinkGone,
    Malformed,
    NotFound,
    NoVideo,
    Pending,
    VideoClient,
    VideoRequest,
    data_uri,
    sora,
    wait,
)
from grok_api.wire import Wire
from tests.grok_api.pictures import jpeg, png, uri, webp

KEY = "sk-canary-0123456789abcdef"
CREATED = (200, {"id": "video_1", "object": "video", "status": "queued", "progress": 0})
COMPLETED = {"id": "video_1", "object": "video", "status": "completed", "progress": 100}
MP4 = {"Content-Type": "video/mp4"}


def asked(**changes: Any) -> VideoRequest:
    return VideoRequest(**{"prompt": "a cat", "model": "sora-2", **changes})


def parts(seen: Any) -> list[tuple[str, str | None, str, bytes]]:
    """Return name, file name, MIME type and bytes of each part, in their order."""
    kind = seen.headers["content-type"]
    assert kind.startswith("multipart/form-data; boundary=")
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + seen.body)
    found = []
    for part in message.get_payload():
        assert not isinstance(part, str)
        name = part.get_param("name", header="content-disposition")
        found.append(
            (str(name), part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        )
    return found  # type: ignore[return-value]


def texts(**values: str) -> list[tuple[str, None, str, bytes]]:
    return [(name, None, "text/plain", value.encode()) for name, value in values.items()]


# -- what may be asked


def test_the_models_own_defaults() -> None:
    request = asked()
    assert (request.duration, request.resolution) == (4, "720x1280")
    assert (VideoRequest("a cat").duration, VideoRequest("a cat").resolution) == (6, "480p")


@pytest.mark.parametrize("seconds", [4, 8, 12])
@pytest.mark.parametrize("size", ["720x1280", "1280x720"])
def test_accepted(seconds: int, size: str) -> None:
    asked(duration=seconds, resolution=size).validate()
    asked(duration=seconds, resolution=size, model="sora-2-pro").validate()


@pytest.mark.parametrize("size", ["1024x1792", "1792x1024"])
def test_large_sizes_are_pros(size: str) -> None:
    asked(resolution=size, model="sora-2-pro").validate()
    with pytest.raises(InvalidRequest) as caught:
        asked(resolution=size).validate()
    assert caught.value.code == "bad_resolution"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        *(
            ({"duration": one}, "duration", "duration_out_of_range")
            for one in (0, 3, 5, 6, 10, 15, 16, "4", 4.0, True, None)
        ),
        *(
            ({"resolution": one}, "resolution", "bad_resolution")
            for one in ("720p", "480p", "1080p", "1920x1080", "720X1280", "720×1280", "", None)
        ),
        *(
            ({"aspect_ratio": one}, "aspect_ratio", "bad_aspect_ratio")
            for one in ("16:9", "auto", "")
        ),
        ({"prompt": " "}, "prompt", "prompt_blank"),
        ({"prompt": "a" * 32_001}, "prompt", "prompt_too_long"),
        ({"image": "https://example.com/a.png"}, "image", "image_must_be_uploaded"),
        ({"image": "first.png"}, "image", "image_must_be_uploaded"),
        ({"image": 7}, "image", "bad_image"),
        ({"image": uri(png(720, 1280), "image/gif")}, "image", "bad_image"),
        ({"image": uri(png(720, 1280)[:20])}, "image", "bad_image"),
        ({"image": uri(png(720, 1280), "image/jpeg")}, "image", "bad_image"),
    ],
)
def test_refused(
    gateway: Any, client: VideoClient, changes: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.create(asked(**changes))
    assert (caught.value.field, caught.value.code) == (field, code)
    assert gateway.seen == []


@pytest.mark.parametrize("make", [png, jpeg, webp])
def test_a_picture_has_exactly_the_sizes_pixels(make: Any) -> None:
    asked(image=data_uri(make(1280, 720)), resolution="1280x720").validate()
    for width, height in ((720, 1280), (1280, 721), (2560, 1440)):
        with pytest.raises(InvalidRequest) as caught:
            asked(image=data_uri(make(width, height)), resolution="1280x720").validate()
        assert caught.value.code == "image_wrong_size"
        assert caught.value.values == {"width": width, "height": height, "needed": "1280x720"}


# -- what goes over the wire


def test_create_is_one_exact_multipart_post(gateway: Any, client: VideoClient) -> None:
    gateway.answer(*CREATED)
    prompt = '猫 "x"\r\n--boundary; name=é'
    request = asked(prompt=prompt, duration=12, resolution="1280x720")
    assert client.create(request) == Pending("video_1", 0, "queued")
    (seen,) = gateway.seen
    assert (seen.method, seen.path) == ("POST", "/v1/videos")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert parts(seen) == texts(model="sora-2", prompt=prompt, seconds="12", size="1280x720")


def test_seconds_are_text() -> None:
    fields = {"model": "sora-2", "prompt": "a cat", "seconds": "8", "size": "720x1280"}
    assert sora.encode(asked(duration=8)) == Wire(fields=fields)


@pytest.mark.parametrize(
    ("data", "mime", "name"),
    [
        (png(1024, 1792) + b"\r\n--x\r\n\0\xff", "image/png", "input_reference.png"),
        (jpeg(1024, 1792), "image/jpeg", "input_reference.jpeg"),
        (webp(1024, 1792), "image/webp", "input_reference.webp"),
    ],
)
def test_the_picture_goes_as_a_file(
    gateway: Any, client: VideoClient, data: bytes, mime: str, name: str
) -> None:
    gateway.answer(*CREATED)
    client.create(asked(image=data_uri(data), resolution="1024x1792", model="sora-2-pro"))
    (seen,) = gateway.seen
    assert parts(seen) == [
        *texts(model="sora-2-pro", prompt="a cat", seconds="4", size="1024x1792"),
        ("input_reference", name, mime, data),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        (404, {"error": {"message": "Invalid URL (POST /v1/videos)"}}),
        (405, ""),
        (415, ""),
        (501, {"error": {"message": "API not implemented", "code": "api_not_implemented"}}),
    ],
)
@pytest.mark.parametrize("path", [None, "/v1/videos/generations"])
def test_there_is_no_second_path(gateway: Any, answer: tuple[int, Any], path: str | None) -> None:
    gateway.answer(*answer)
    with pytest.raises(ApiError) as caught:
        VideoClient(KEY, gateway.url, create_path=path).create(asked())
    assert not caught.value.ambiguous
    assert [seen.path for seen in gateway.seen] == ["/v1/videos"]


def test_the_path_that_works_for_one_model_is_not_the_others(
    gateway: Any, client: VideoClient
) -> None:
    gateway.sequence((404, ""), (200, {"request_id": "r1"}), CREATED)
    client.create(VideoRequest("a cat"))
    client.create(asked())
    assert [seen.path for seen in gateway.seen][-2:] == ["/v1/videos/generations", "/v1/videos"]


# -- where videos lie


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


def test_from_a_wish_to_a_file(gateway: Any, client: VideoClient, target: Path) -> None:
    gateway.sequence(
        CREATED,
        (200, {"id": "video_1", "status": "in_progress", "progress": 100}),
        (200, COMPLETED),
        (200, b"video", MP4),
    )
    pending = client.create(asked())
    assert isinstance(pending, Pending)
    done = wait(client, pending, model="sora-2", interval=0.001)
    assert isinstance(done, Done)
    assert done.url == f"{gateway.url}/v1/videos/video_1/content"
    # A list of jobs keeps the address alone.
    assert client.download(done.url, target).bytes == 5
    assert target.read_bytes() == b"video"
    assert gateway.seen[-1].path == "/v1/videos/video_1/content"
    assert gateway.seen[-1].headers["authorization"] == f"Bearer {KEY}"


def test_an_id_is_enough(gateway: Any, client: VideoClient, target: Path) -> None:
    gateway.sequence((200, COMPLETED), (200, b"video", {}))
    client.download("video_1", target, model="sora-2")
    assert target.read_bytes() == b"video"


def test_below_a_path_and_with_an_odd_id(gateway: Any) -> None:
    gateway.answer(200, COMPLETED)
    client = VideoClient(KEY, f"{gateway.url}/relay/")
    done = client.retrieve("a/b?c", model="sora-2")
    assert isinstance(done, Done)
    assert done.url == f"{gateway.url}/relay/v1/videos/a%2Fb%3Fc/content"


def test_the_key_stays_home_when_content_lies_elsewhere(
    gateway: Any, cdn: Any, client: VideoClient, target: Path
) -> None:
    gateway.answer(302, b"", {"Location": f"{cdn.url}/v1/videos/video_1/content?sig=x"})
    cdn.answer(200, b"video", MP4)
    client.download(f"{gateway.url}/v1/videos/video_1/content", target)
    assert gateway.seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert cdn.seen[0].path == "/v1/videos/video_1/content?sig=x"
    assert "authorization" not in cdn.seen[0].headers


def test_an_address_in_the_answer_comes_first_and_gets_no_key(
    gateway: Any, cdn: Any, client: VideoClient, target: Path
) -> None:
    gateway.answer(200, COMPLETED | {"content": [{"type": "video", "url": f"{cdn.url}/v.mp4"}]})
    cdn.answer(200, b"video", MP4)
    client.download("video_1", target, model="sora-2")
    assert len(gateway.seen) == len(cdn.seen) == 1
    assert "authorization" not in cdn.seen[0].headers


def test_a_content_call_at_another_host_is_made_at_home(
    gateway: Any, cdn: Any, client: VideoClient, target: Path
) -> None:
    gateway.sequence(
        (200, COMPLETED | {"metadata": {"url": f"{cdn.url}/v1/videos/task_9/content"}}),
        (200, b"video", MP4),
    )
    client.download("video_1", target, model="sora-2")
    assert [seen.path for seen in gateway.seen][-1] == "/v1/videos/video_1/content"
    assert cdn.seen == []


@pytest.mark.parametrize(
    ("status", "error"), [(404, LinkGone), (410, LinkGone), (401, AuthError), (202, Malformed)]
)
def test_content_that_is_refused(
    gateway: Any, client: VideoClient, target: Path, status: int, error: type[ApiError]
) -> None:
    gateway.answer(status, {"error": {"message": "Video content has expired."}})
    with pytest.raises(error):
        client.download(f"{gateway.url}/v1/videos/video_1/content", target)
    assert not target.exists()


def test_the_poster(gateway: Any, client: VideoClient, tmp_path: Path) -> None:
    gateway.sequence((200, COMPLETED), (200, b"picture", {"Content-Type": "image/webp"}))
    done = client.retrieve("video_1", model="sora-2")
    assert isinstance(done, Done)
    assert client.download_poster(done, tmp_path / "poster.webp").content_type == "image/webp"
    assert gateway.seen[-1].path == "/v1/videos/video_1/content?variant=thumbnail"
    assert gateway.seen[-1].headers["authorization"] == f"Bearer {KEY}"


def test_a_video_is_no_poster_and_not_every_video_has_one(
    gateway: Any, client: VideoClient, tmp_path: Path
) -> None:
    target = tmp_path / "poster.webp"
    gateway.answer(200, b"video", MP4)
    poster = f"{gateway.url}/v1/videos/video_1/content?variant=thumbnail"
    with pytest.raises(Malformed):
        client.download_poster(Done("https://cdn.example.com/v.mp4", poster_url=poster), target)
    with pytest.raises(NoVideo) as caught:
        client.download_poster(Done("https://cdn.example.com/v.mp4"), target)
    assert isinstance(caught.value, NotFound)
    assert not target.exists()
