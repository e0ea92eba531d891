"""Reads how many pixels a picture has from its header alone; nothing is decoded."""

from __future__ import annotations

import struct
from struct import unpack_from

# Real files have some hundred segments before the frame at the most.
_MOST_MARKERS = 2000
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers that end the header, or that only the picture's data may have.
_JPEG_TOO_LATE = frozenset({0x00, 0x01, *range(0xD0, 0xDB)})


def pixels(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, JPEG or WebP as stored, None where no header says it.

    A JPEG's orientation is left aside: a photo kept on its side has the sides of the file.
    """
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            found = _png(data)
        elif data.startswith(b"\xff\xd8"):
            found = _jpeg(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            found = _webp(data)
        else:
            return None
    except (struct.error, IndexError):  # cut off
        return None
    return found if found and min(found) > 0 else None


def _png(data: bytes) -> tuple[int, int] | None:
    length, name, width, height = unpack_from(">I4sII", data, 8)
    if (length, name) != (13, b"IHDR") or max(width, height) >= 2**31:
        return None
    return width, height


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MOST_MARKERS):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker in _JPEG_TOO_LATE:
            return None
        length, _, height, width = unpack_from(">HBHH", data, at + 2)
        if marker in _JPEG_FRAMES:
            return (width, height) if length >= 11 else None
        if length < 2:
            return None
        at += 2 + length
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        start, width, height = unpack_from("<3sHH", data, 23)
        # The first bit tells a frame that stands by itself.
        whole = start == b"\x9d\x01\x2a" and not data[20] & 1
        return (width & 0x3FFF, height & 0x3FFF) if whole else None
    if kind == b"VP8L":
        start, bits = unpack_from("<BI", data, 20)
        return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1) if start == 0x2F else None
    if kind == b"VP8X":
        low_width, high_width, low_height, high_height = unpack_from("<HBHB", data, 24)
        return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
    return None
