"""Clips are real: H.264, exact length and size, ready to stream, moving, and of the picture given."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from sandbox import lettering
from sandbox.lettering import balanced, load, readable, words, wrap
from sandbox.render import RATIOS, render, size_for, size_of_shape

Frames = list[Any]


def frames_of(clip: bytes) -> Frames:
    with av.open(io.BytesIO(clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def rendered(tmp_path: Path, *args: Any, **more: Any) -> bytes:
    render(tmp_path / "clip.mp4", *args, **more)
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]
    return (tmp_path / "clip.mp4").read_bytes()


@pytest.mark.parametrize(("ratio", "duration"), [("16:9", 2), ("9:16", 1), ("1:1", 3)])
def test_facts_of_a_clip(sandbox: Any, ratio: str, duration: int) -> None:
    clip = sandbox.clip("a cat", aspect_ratio=ratio, duration=duration)
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == size_for("480p", ratio)
        assert stream.average_rate == 24
        assert container.duration == duration * 1_000_000
        assert len(list(container.decode(video=0))) == duration * 24
    assert 0 < clip.index(b"moov") < clip.index(b"mdat")


def test_it_moves_and_is_not_flat(tmp_path: Path) -> None:
    frames = frames_of(rendered(tmp_path, "a cat", (424, 240), 2))
    first, last = frames[0].astype(int), frames[-1].astype(int)
    assert np.abs(first - last).mean() > 0.5
    assert first.std() > 10


def test_prompts_look_different_and_the_same_prompt_the_same(tmp_path: Path) -> None:
    one, again, other = (
        rendered(tmp_path, prompt, (424, 240), 1) for prompt in ("a cat", "a cat", "a dog")
    )
    assert one == again
    assert np.abs(frames_of(one)[0].astype(int) - frames_of(other)[0]).mean() > 3


def test_sizes() -> None:
    assert {ratio: size_for("480p", ratio) for ratio in RATIOS} == {
        "16:9": (848, 480),
        "9:16": (480, 848),
        "1:1": (480, 480),
        "4:3": (640, 480),
        "3:4": (480, 640),
        "3:2": (720, 480),
        "2:3": (480, 720),
    }
    assert size_for("720p", "16:9") == (1280, 720)
    assert size_for("720p", "2:3") == (720, 1080)
    assert size_of_shape("480p", 2.5) == (848, 340)
    assert size_of_shape("480p", 1 / 40) == (64, 848)
    for shape in np.linspace(0.3, 3, 50):
        assert not any(side % 2 for side in size_of_shape("720p", float(shape)))


@pytest.mark.parametrize("ratio", [None, "9:16"])
def test_the_first_frame_is_the_picture(
    sandbox: Any, picture: bytes, data_uri: str, ratio: str | None
) -> None:
    fields = {"aspect_ratio": ratio} if ratio else {}
    frames = frames_of(sandbox.clip("zoom out", image={"url": data_uri}, **fields))
    first = frames[0]
    size = (480, 848) if ratio else (720, 480)
    assert (first.shape[1], first.shape[0]) == size
    expected = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB").resize(size)).astype(int)
    inner = slice(size[1] // 8, size[1] * 7 // 8)
    assert np.abs(first.astype(int) - expected)[inner].mean() < 3
    assert np.abs(frames[-1].astype(int) - expected)[inner].mean() > 3


def test_pictures_of_every_kind(tmp_path: Path) -> None:
    for mode, form in (
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("L", "JPEG"),
        ("I;16", "PNG"),
        ("RGB", "WEBP"),
    ):
        buffer = io.BytesIO()
        Image.new(mode, (40, 30)).save(buffer, form)
        clip = rendered(tmp_path, "x", (128, 96), 1, buffer.getvalue())
        assert len(frames_of(clip)) == 24


def test_a_picture_elsewhere_is_not_fetched(sandbox: Any) -> None:
    clip = sandbox.clip("zoom", image={"url": "https://pictures.invalid/a.jpg"}, duration=1)
    assert len(frames_of(clip)) == 24


@pytest.mark.parametrize(
    "prompt",
    [
        "一只金毛犬在秋天的落叶中奔跑，慢镜头",
        "🐈🐈🐈",
        "مرحبا بالعالم",
        "a\u0000b\u200d\ufeff",
        "x" * 4096,
        "猫" * 1365,
        "word " * 800,
        "\u202eright to left",
        "[",
    ],
)
def test_any_script_can_be_drawn(prompt: str) -> None:
    for size in ((848, 480), (480, 848)):
        caption = words(prompt, size)
        if caption:
            assert caption.letters.full.width == size[0]
            assert caption.at[1] + caption.letters.full.height <= size[1]


def test_words_without_a_wide_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "FONT_FILES", [("/nowhere.ttf", 0)])
    lettering.has_glyph.cache_clear()
    lettering.load.cache_clear()
    assert readable("cat 猫") == (0, "cat ")
    assert words("猫", (848, 480)) is None
    lettering.has_glyph.cache_clear()
    lettering.load.cache_clear()


def test_lines_break_well() -> None:
    font = load(0, 30)
    assert font
    assert wrap("one two three", font, 10) == ["one", "two", "three"]
    text = "a quick brown fox jumps over the lazy dog by night"
    lines = balanced(text, font, 520)
    assert " ".join(lines) == text
    assert len(lines) == 2
    lengths = [font.getlength(line) for line in lines]
    assert min(lengths) > 0.75 * max(lengths)


def test_a_data_uri_may_be_large(sandbox: Any) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1200, 1200, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    assert len(url) > 5_000_000
    request_id = sandbox.accepted("x", image={"url": url})
    told = sandbox.counts(request_id)
    assert told["body"] is None
    assert told["body_bytes"] > 5_000_000
