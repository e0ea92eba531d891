"""A frame as three planes (yuv420p): drawing on them needs no colour conversion per frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[Any]
Size = tuple[int, int]
Colour = tuple[int, int, int]

WHITE = (235, 128, 128)  # limited range, as video has it
BLACK = (16, 128, 128)


@dataclass
class Planes:
    """Luma at full size, two chroma planes at half size; all sides even."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @classmethod
    def of(cls, rgb: Pixels) -> Planes:
        """Convert 8-bit RGB pixels (height, width, 3) to BT.709, limited range."""
        height, width = rgb.shape[:2]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        yuv = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709).to_ndarray()
        flat, area = yuv.reshape(-1), width * height
        half = (height // 2, width // 2)
        return cls(
            Image.fromarray(flat[:area].reshape(height, width)),
            Image.fromarray(flat[area : area * 5 // 4].reshape(half)),
            Image.fromarray(flat[area * 5 // 4 :].reshape(half)),
        )

    @property
    def size(self) -> Size:
        return self.y.size

    def crop(self, left: int, top: int, size: Size) -> Planes:
        """A copy of the part that begins at an even corner."""
        width, height = size
        half = (left // 2, top // 2, (left + width) // 2, (top + height) // 2)
        return Planes(
            self.y.crop((left, top, left + width, top + height)),
            self.u.crop(half),
            self.v.crop(half),
        )

    def lay(self, what: Planes | Colour, at: Size, mask: Mask) -> None:
        """Lay planes or one colour over this, at an even corner, through the mask."""
        half = (at[0] // 2, at[1] // 2)
        if isinstance(what, Planes):
            self.y.paste(what.y, at, mask.full)
            self.u.paste(what.u, half, mask.half)
            self.v.paste(what.v, half, mask.half)
            return
        for plane, value, corner, through in (
            (self.y, what[0], at, mask.full),
            (self.u, what[1], half, mask.half),
            (self.v, what[2], half, mask.half),
        ):
            plane.paste(
                value, (*corner, corner[0] + through.width, corner[1] + through.height), through
            )

    def video_frame(self) -> av.VideoFrame:
        width, height = self.size
        flat = np.concatenate([np.asarray(p).reshape(-1) for p in (self.y, self.u, self.v)])
        return av.VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), format="yuv420p")


@dataclass
class Mask:
    """How much of an overlay shows (0–255), at luma and at chroma size."""

    full: Image.Image
    half: Image.Image

    @classmethod
    def of(cls, full: Image.Image) -> Mask:
        return cls(full, full.reduce(2))

    def crop(self, left: int, size: Size) -> Mask:
        width, height = size
        return Mask(
            self.full.crop((left, 0, left + width, height)),
            self.half.crop((left // 2, 0, (left + width) // 2, height // 2)),
        )
