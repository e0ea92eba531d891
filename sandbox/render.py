"""Clips: real mp4 files (H.264, yuv420p, 24 frames a second, ready to stream)."""

from __future__ import annotations

import io
import os
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageOps

from sandbox.canvas import Planes, Size
from sandbox.lettering import even, rehearsal_tag, words
from sandbox.scenery import Landscape

FPS = 24
SHORT_SIDES = {"480p": 480, "720p": 720}
LONG_SIDES = {"480p": 848, "720p": 1280}
RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3")  # as the document lists them


def size_for(resolution: str, ratio: str) -> Size:
    """Pixels of a clip: the resolution is its short side; 16:9 is 848x480 or 1280x720."""
    across, down = (int(part) for part in ratio.split(":"))
    return size_of_shape(resolution, across / down)


def size_of_shape(resolution: str, shape: float) -> Size:
    """Pixels for any width/height; a long side beyond 16:9 is held and the short one shrinks."""
    short, long = SHORT_SIDES[resolution], LONG_SIDES[resolution]
    stretch = max(shape, 1 / shape)
    if abs(stretch - 16 / 9) < 0.01:
        pass
    elif short * stretch > long:
        short = max(64, even(long / stretch))
    else:
        long = even(short * stretch)
    return (long, short) if shape >= 1 else (short, long)


class Scene(Protocol):
    def draw(self, number: int) -> Planes: ...


class Photograph:
    """A given picture as the first frame, then a slow push towards its middle."""

    def __init__(self, picture: Image.Image, size: Size, frames: int):
        self.size, self.frames = size, frames
        fitted = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        self.planes = Planes.of(np.asarray(fitted))

    def draw(self, number: int) -> Planes:
        share = number / max(1, self.frames - 1)
        ease = share * share * (3 - 2 * share)
        inset = 0.055 * ease
        planes = (
            plane.resize(
                plane.size,
                Image.Resampling.BILINEAR,
                box=(
                    plane.width * inset,
                    plane.height * inset,
                    plane.width * (1 - inset),
                    plane.height * (1 - inset),
                ),
            )
            for plane in (self.planes.y, self.planes.u, self.planes.v)
        )
        return Planes(*planes)


def open_picture(data: bytes) -> Image.Image:
    """Decode a picture, upright. Raises OSError or ValueError when it is none."""
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from error
    return ImageOps.exif_transpose(picture)


def progress_line(frame: Planes, share: float) -> None:
    """A thin bright line along the bottom, as long as the part already shown."""
    width, height = frame.size
    thick = max(2, even(height / 240))
    bottom = height - even(height * 0.045)
    left, right = even(width * 0.05), width - even(width * 0.05)
    for end, ink in ((right, 46), (left + round((right - left) * share), 190)):
        box = (left, bottom, max(left + 1, end), bottom + thick)
        frame.y.paste(235, box, Image.new("L", (box[2] - box[0], thick), ink))


def scene_for(prompt: str, size: Size, frames: int, picture: bytes | None) -> Scene:
    return (
        Photograph(open_picture(picture), size, frames)
        if picture
        else Landscape(prompt, size, frames)
    )


def render(
    path: Path,
    prompt: str,
    size: Size,
    duration: int,
    picture: bytes | None = None,
    picture_host: str = "",
) -> None:
    """Write the clip; the file appears under its name only when it is whole.

    A prompt alone gives a landscape under its words. A picture gives itself. A picture on another
    machine is not fetched: a landscape that names its host stands for it.
    """
    frames = duration * FPS
    scene = scene_for(picture_host or prompt, size, frames, picture)
    captions = [rehearsal_tag(size)]
    text = f"Picture from {picture_host}" if picture_host else prompt
    if not picture and (lettering := words(text, size)):
        captions.append(lettering)
    draft = path.with_suffix(".part")
    with av.open(str(draft), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(
            "libx264", rate=FPS, options={"preset": "superfast", "crf": "21", "bf": "0"}
        )
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, FPS)
        context.thread_count = 1
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries = context.color_trc = 1  # BT.709
        for number in range(frames):
            planes = scene.draw(number)
            for caption in captions:
                caption.lay_on(planes)
            progress_line(planes, number / max(1, frames - 1))
            frame = planes.video_frame()
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    os.replace(draft, path)
