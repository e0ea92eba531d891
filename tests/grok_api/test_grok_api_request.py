"""What may be asked, and how it goes over the wire."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from grok_api import InvalidRequest, VideoRequest, data_uri, grok, limits_for
from tests.grok_api.pictures import uri

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff" + bytes(20)
WEBP = b"RIFF\x10\0\0\0WEBPVP8 " + bytes(8)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"duration": 1},
        {"duration": 15},
        {"resolution": "720p"},
        *({"aspect_ratio": ratio} for ratio in limits_for().aspect_ratios),
        {"prompt": "猫" * 1365},
        {"prompt": "a" * 4096},
        {"image": "https://example.com/a.png?b=c"},
        {"image": uri(PNG)},
        {"image": uri(JPEG, "image/jpeg")},
        {"image": uri(WEBP, "image/webp")},
        {"model": "grok-imagine-video-1.5"},
    ],
)
def test_accepted(changes: dict[str, Any]) -> None:
    VideoRequest(**{"prompt": "a cat", **changes}).validate()


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"prompt": ""}, "prompt", "prompt_blank"),
        ({"prompt": " \n\t"}, "prompt", "prompt_blank"),
        ({"prompt": None}, "prompt", "prompt_not_text"),
        ({"prompt": "\ud800"}, "prompt", "prompt_not_text"),
        ({"prompt": "a" * 4097}, "prompt", "prompt_too_long"),
        ({"prompt": "猫" * 1366}, "prompt", "prompt_too_long"),
        *(
            ({"duration": duration}, "duration", "duration_out_of_range")
            for duration in (0, 16, -1, 6.0, "6", True, None)
        ),
        *(
            ({"resolution": resolution}, "resolution", "bad_resolution")
            for resolution in ("1080p", "480P", "", None, 480)
        ),
        *(
            ({"aspect_ratio": ratio}, "aspect_ratio", "bad_aspect_ratio")
            for ratio in ("auto", "21:9", "", 1)
        ),
        ({"model": "sora-3"}, "model", "bad_model"),
        ({"model": None}, "model", "bad_model"),
    ],
)
def test_refused(changes: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        VideoRequest(**{"prompt": "a cat", **changes}).validate()
    assert (caught.value.field, caught.value.code) == (field, code)
    assert caught.value.kind == "bad_request"
    assert not caught.value.sent
    assert not caught.value.ambiguous


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("http://example.com/a.png", "not_https"),
        ("ftp://example.com/a.png", "not_https"),
        ("a.png", "not_https"),
        ("", "not_https"),
        ("https:///a.png", "no_host"),
        ("https://user:word@example.com/a.png", "credentials"),
        ("https://user@example.com/a.png", "credentials"),
        ("https://exa mple.com/a.png", "bad_url"),
        ("https://example.com\\@evil.example/a.png", "bad_url"),
        ("https://example.com:99999/a.png", "bad_url"),
        ("https://[::1/a.png", "bad_url"),
        ("https://example.com/" + "a" * 3000, "bad_url"),
        (uri(PNG, "image/gif"), "bad_type"),
        (uri(PNG, "text/html"), "bad_type"),
        ("data:image/png," + "a" * 8, "bad_type"),
        ("data:image/png;base64,!!!!", "bad_base64"),
        ("data:image/png;base64,", "bad_base64"),
        (uri(PNG)[:-1], "bad_base64"),
        (uri(JPEG), "not_a_picture"),
        (uri(PNG + bytes(10 * 2**20)), "too_large"),
        (7, "not_text"),
    ],
)
def test_refused_images(image: Any, reason: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        VideoRequest("a cat", image=image).validate()
    assert (caught.value.code, caught.value.values["reason"]) == ("bad_image", reason)


def test_ten_mebibytes_are_not_too_many() -> None:
    VideoRequest("a cat", image=uri(PNG + bytes(10 * 2**20 - len(PNG)))).validate()


def test_the_figures_of_a_refusal() -> None:
    with pytest.raises(InvalidRequest) as caught:
        VideoRequest("猫" * 2000).validate()
    assert caught.value.values == {"actual": 6000, "limit": 4096, "unit": "bytes"}


@pytest.mark.parametrize(
    ("changes", "extra"),
    [
        ({}, {"aspect_ratio": "16:9"}),
        ({"aspect_ratio": "1:1"}, {"aspect_ratio": "1:1"}),
        ({"image": "https://e.com/a.png"}, {"image": {"url": "https://e.com/a.png"}}),
        (
            {"image": "https://e.com/a.png", "aspect_ratio": "9:16"},
            {"image": {"url": "https://e.com/a.png"}, "aspect_ratio": "9:16"},
        ),
    ],
)
def test_the_body_is_exactly_the_documents(changes: dict[str, Any], extra: dict[str, Any]) -> None:
    expected = {
        "model": "grok-imagine-video",
        "prompt": "a cat",
        "duration": 6,
        "resolution": "480p",
    }
    assert grok.encode(VideoRequest("a cat", **changes)).document == expected | extra


@pytest.mark.parametrize("data", [PNG, JPEG, WEBP])
def test_data_uri(data: bytes) -> None:
    VideoRequest("a cat", image=data_uri(data)).validate()


def test_data_uri_refuses_other_kinds() -> None:
    with pytest.raises(InvalidRequest):
        data_uri(b"GIF89a")


def test_a_request_is_frozen_and_does_not_show_its_picture() -> None:
    request = VideoRequest("a cat", image=uri(PNG))
    assert "base64" not in repr(request)
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.prompt = "a dog"  # type: ignore[misc]
