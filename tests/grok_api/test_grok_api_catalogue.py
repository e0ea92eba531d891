"""The models there are, and what one more would take."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from grok_api import (
    MODELS,
    Done,
    InvalidRequest,
    VideoClient,
    VideoRequest,
    catalogue,
    grok,
    limits_for,
    offered,
    sora,
    states,
)
from grok_api.options import parser
from grok_api.validation import check_request
from grok_api.wire import Wire

NAMES = ("grok-imagine-video", "sora-2", "sora-2-pro")


def test_the_models() -> None:
    assert tuple(MODELS) == NAMES
    assert [limits_for(name).title for name in NAMES] == [
        "Grok Imagine Video",
        "Sora 2",
        "Sora 2 Pro",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_limits_agree_with_themselves(name: str) -> None:
    limits = limits_for(name)
    assert limits.default_duration in limits.durations
    assert limits.default_resolution in limits.resolutions
    assert set(limits.second_prices) == set(limits.resolutions)
    assert all(price > 0 for price in limits.second_prices.values())
    if limits.aspect_ratios:
        assert limits.default_aspect_ratio in limits.aspect_ratios
    else:
        assert limits.default_aspect_ratio is None
    if limits.image_exact_size:
        assert all(re.fullmatch(r"\d+x\d+", size) for size in limits.resolutions)
    assert hash(limits) == hash(dataclasses.replace(limits))
    VideoRequest("a cat", model=name).validate()


def test_prices() -> None:
    assert limits_for().second_prices == {"480p": 0.05, "720p": 0.07}
    assert limits_for().picture_price == 0.002
    assert set(limits_for("sora-2").second_prices.values()) == {0.10}
    pro = limits_for("sora-2-pro").second_prices
    assert (pro["1280x720"], pro["720x1280"]) == (0.30, 0.30)
    assert (pro["1792x1024"], pro["1024x1792"]) == (0.50, 0.50)


def test_links_and_notices() -> None:
    assert [limits_for(name).link_hours for name in NAMES] == [24, 1, 1]
    assert [limits_for(name).notice for name in NAMES] == [None, *["shutdown_2026_09_24"] * 2]


@pytest.mark.parametrize(
    "model",
    ["sora", "sora-3", "sora-2-", "sora-2-2025-10-06", "sora-2-pro-hd", "SORA-2", "", " ", None, 2],
)
def test_an_unknown_model_is_told_which_there_are(model: Any) -> None:
    for call in (VideoRequest("a cat", model=model).validate, lambda: limits_for(model)):
        with pytest.raises(InvalidRequest) as caught:
            call()
        assert (caught.value.field, caught.value.code) == ("model", "bad_model")
        assert caught.value.values["allowed"] == NAMES
        assert all(name in caught.value.message for name in NAMES)


@pytest.mark.parametrize(
    ("listed", "ours"),
    [
        ([], ()),
        (["gpt-5", "sora", "sora-2-all", "grok-4", "grok-imagine-video2"], ()),
        (["sora-2-pro", "gpt-5", "sora-2", "grok-imagine-video", "sora-2"], NAMES),
        (["sora-2-pro"], ("sora-2-pro",)),
        (["grok-imagine-video-1.5", "sora-2"], ("grok-imagine-video", "sora-2")),
        ([None, 7, ""], ()),
    ],
)
def test_offered(listed: Any, ours: tuple[str, ...]) -> None:
    assert offered(listed) == ours


def test_versions_are_for_those_who_take_them() -> None:
    assert catalogue.translation("grok-imagine-video-1.5") is grok
    assert limits_for("grok-imagine-video-1.5") is grok.LIMITS
    assert catalogue.translation("sora-2-pro") is sora


class Third:
    """A model nobody has seen: other limits, another path, JSON."""

    MODELS = {  # noqa: RUF012 - a module's constant
        "third-1": dataclasses.replace(
            grok.LIMITS,
            title="Third",
            durations=(3, 5),
            default_duration=3,
            resolutions=("small",),
            default_resolution="small",
            second_prices={"small": 1.0},
        )
    }
    TAKES_VERSIONS = True
    CREATE_PATHS = ("/v1/third",)

    def validate(self, request: VideoRequest, /) -> None:
        check_request(request, self.MODELS["third-1"])

    def encode(self, request: VideoRequest, /) -> Wire:
        return Wire({"wish": request.prompt, "length": request.duration})

    def retrieve_path(self, request_id: str, /) -> str:
        return f"/v1/third/{request_id}"

    def read_created(self, answer: Any, base_url: str, prompt: str = "", /) -> Any:
        return states.read(answer, base_url, creating=True, prompt=prompt)

    def read_retrieved(self, answer: Any, base_url: str, request_id: str, /) -> Any:
        return states.read(answer, base_url, request_id=request_id)


def test_a_third_model_takes_its_module_and_its_place_in_the_catalogue(
    gateway: Any, client: VideoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "third-1", Third())  # type: ignore[arg-type]
    request = VideoRequest("a cat", model="third-1-fast")
    assert (request.duration, request.resolution) == (3, "small")
    gateway.answer(200, {"id": "t1"})
    client.create(request)
    assert gateway.seen[-1].path == "/v1/third"
    assert gateway.seen[-1].document == {"wish": "a cat", "length": 3}
    gateway.answer(200, {"video": {"url": "https://cdn.example.com/v.mp4"}})
    assert isinstance(client.retrieve("t1", model="third-1"), Done)
    assert gateway.seen[-1].path == "/v1/third/t1"
    assert offered(["third-1"]) == ("third-1",)
    with pytest.raises(InvalidRequest, match="third-1"):
        limits_for("fourth")
    with pytest.raises(InvalidRequest, match="3 or 5"):
        VideoRequest("a cat", 4, "small", model="third-1").validate()


def test_the_help_says_what_each_model_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["generate", "--help"])
    said = capsys.readouterr().out
    for name in NAMES:
        assert f"\n  {name}\n" in said
        for size in limits_for(name).resolutions:
            assert size in said
    for words in ("1–15 (6)", "4, 8 or 12 (4)", "at most 4096 bytes", "without people"):
        assert words in said
