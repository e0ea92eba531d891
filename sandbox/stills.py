"""Stills of a finished clip: its first frame, and a grid of frames from its whole length."""

from __future__ import annotations

import io
from pathlib import Path

import av
from PIL import Image

COLUMNS, ROWS = 4, 3
CELL = 320  # pixels of a cell's long side


def thumbnail(clip: Path) -> bytes:
    """The first frame at full size, as WebP."""
    with av.open(str(clip)) as container:
        frame = image(next(container.decode(video=0)))
    return encoded(frame, "WEBP")


def spritesheet(clip: Path) -> bytes:
    """Twelve frames at equal distances, row by row, as JPEG."""
    with av.open(str(clip)) as container:
        count = container.streams.video[0].frames
        wanted = {number * count // (COLUMNS * ROWS) for number in range(COLUMNS * ROWS)}
        cells = [
            small(image(frame))
            for number, frame in enumerate(container.decode(video=0))
            if number in wanted
        ]
    width, height = cells[0].size
    sheet = Image.new("RGB", (width * COLUMNS, height * ROWS))
    for number, cell in enumerate(cells):
        sheet.paste(cell, (number % COLUMNS * width, number // COLUMNS * height))
    return encoded(sheet, "JPEG")


def image(frame: av.VideoFrame) -> Image.Image:
    return Image.fromarray(frame.to_ndarray(format="rgb24"))


def small(frame: Image.Image) -> Image.Image:
    frame.thumbnail((CELL, CELL))
    return frame


def encoded(picture: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, quality=85)
    return buffer.getvalue()
