"""Pictures that are nothing but a header."""

from __future__ import annotations

import base64
from struct import pack


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + pack(">I4sII", 13, b"IHDR", width, height) + bytes(9)


def jpeg(width: int, height: int, before: bytes = b"", frame: int = 0xC0) -> bytes:
    return b"\xff\xd8" + before + pack(">BBHBHHB", 0xFF, frame, 17, 8, height, width, 3) + bytes(9)


def webp(width: int, height: int, kind: bytes = b"VP8X") -> bytes:
    if kind == b"VP8X":
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = bytes(4) + sides
    elif kind == b"VP8L":
        body = b"\x2f" + pack("<I", width - 1 | (height - 1) << 14)
    else:
        body = bytes(3) + b"\x9d\x01\x2a" + pack("<HH", width, height)
    chunk = kind + pack("<I", len(body)) + body
    return b"RIFF" + pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def uri(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"
