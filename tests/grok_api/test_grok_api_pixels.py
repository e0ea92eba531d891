"""How many pixels a picture has, read from headers that may be cut off or lie."""

from __future__ import annotations

import io
import time
from struct import pack
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from grok_api.pixels import pixels
from tests.grok_api.pictures import jpeg, png, webp

SIDES = st.integers(1, 16_383)
EXIF = b"\xff\xe1" + pack(">H", 2 + 700) + b"Exif\0\0" + b"\xff\xc0" * 347


@pytest.mark.parametrize(
    "options",
    [
        {"format": "PNG"},
        {"format": "JPEG"},
        {"format": "JPEG", "progressive": True},
        {"format": "WEBP"},
        {"format": "WEBP", "lossless": True},
        {"format": "WEBP", "exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (1, 1), (1023, 2)])
def test_real_pictures(options: dict[str, Any], size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, **options)
    assert pixels(file.getvalue()) == size


def test_a_photo_on_its_side_has_the_sides_of_the_file() -> None:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1280, 720)).save(file, "JPEG", exif=exif, icc_profile=bytes(200_000))
    assert pixels(file.getvalue()) == (1280, 720)


@given(SIDES, SIDES)
def test_headers(width: int, height: int) -> None:
    for data in (
        png(width, height),
        jpeg(width, height),
        jpeg(width, height, before=EXIF + b"\xff\xff\xff\xdb\x00\x02", frame=0xC2),
        webp(width, height),
        webp(width, height, b"VP8L"),
        webp(width, height, b"VP8 "),
    ):
        assert pixels(data) == (width, height)


WHOLE = [
    png(1280, 720),
    jpeg(1280, 720, before=EXIF),
    webp(1280, 720),
    webp(1280, 720, b"VP8L"),
    webp(1280, 720, b"VP8 "),
]


@pytest.mark.parametrize("data", WHOLE)
def test_cut_off_anywhere(data: bytes) -> None:
    for end in range(len(data)):
        assert pixels(data[:end]) in (None, (1280, 720))
    assert pixels(data[:20]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a\x00\x05\xd0\x02" + bytes(50),
        png(0, 720),
        png(1280, 0),
        png(2**31, 720),
        png(1280, 720).replace(b"IHDR", b"IDAT"),
        jpeg(0, 720),
        jpeg(1280, 0),
        jpeg(1280, 720, before=b"\xff\xda\x00\x02"),  # the scan began
        jpeg(1280, 720, before=b"\xff\xe0\x00\x00"),  # a segment that goes nowhere
        jpeg(1280, 720, before=b"\xff\xe0\x00\x01"),
        jpeg(1280, 720, before=b"\xff\xd0" * 10),
        jpeg(1280, 720, before=b"\xff\xd9"),
        jpeg(1280, 720, before=b"\0"),
        jpeg(1280, 720, frame=0xC4),
        jpeg(1280, 720).replace(pack(">H", 17), pack(">H", 2)),
        webp(1280, 720, b"VP8L").replace(b"\x2f", b"\x2e"),
        webp(1280, 720, b"VP8 ").replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b"),
        webp(1280, 720, b"VP8 ").replace(bytes(3) + b"\x9d", b"\1\0\0\x9d"),
        webp(1280, 720).replace(b"VP8X", b"ALPH"),
    ],
)
def test_headers_that_say_nothing(data: bytes) -> None:
    assert pixels(data) is None


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8", b""]),
    st.binary(max_size=300),
)
@example(b"\xff\xd8\xff", b"\xff" * 300)
def test_any_bytes(start: bytes, rest: bytes) -> None:
    found = pixels(start + rest)
    assert found is None or min(found) > 0


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(WHOLE), st.integers(0, 800), st.integers(0, 255))
def test_any_byte_changed(data: bytes, at: int, to: int) -> None:
    changed = bytearray(data)
    changed[at % len(data)] = to
    found = pixels(bytes(changed))
    assert found is None or min(found) > 0


@pytest.mark.parametrize("padding", [b"\xff", b"\xff\xe0\x00\x02", b"\xff\xd0"])
def test_ten_megabytes_of_padding_are_not_walked(padding: bytes) -> None:
    data = b"\xff\xd8" + padding * (10 * 2**20 // len(padding))
    began = time.perf_counter()
    assert pixels(data) is None
    assert time.perf_counter() - began < 0.5
