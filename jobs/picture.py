"""What a person uploads, made into what is sent: an upright sRGB JPEG that tells of nobody.

Memory is the concern: an upload is refused by its header before anything is decoded, decoding
scales on the way where the format can, and the rest is worked on in bands of rows.
"""

from __future__ import annotations

import base64
import hashlib
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

LARGEST_UPLOAD: Final = 10 * 1024 * 1024
"""Bytes; also what the model takes."""

MOST_PIXELS: Final = 25_000_000
LEAST_SIDE: Final = 16
MOST_STRETCHED: Final = 16
"""How many times longer than wide a picture may be; no video comes near."""

LONG_SIDE: Final = 2048
LARGEST_SENT: Final = 1_500_000
"""Bytes: base64 makes 2 MB of it."""

_MEDIA_TYPES: Final = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

_DECODING: Final = 140_000_000
"""Bytes that decoding one picture may take; `_decoding_bytes` reckons with it."""

_WEBP_WITH_PILLOW: Final = 8_000_000
"""Pixels up to which Pillow decodes a WebP: it holds four copies of 4 bytes a pixel."""

_BAND: Final = 500_000
"""Pixels converted at a time."""

# Text is not wanted, and Pillow would unpack up to 64 MB of it from a few kilobytes.
PngImagePlugin.MAX_TEXT_MEMORY = 8 * 1024 * 1024

_one_at_a_time = threading.Lock()
"""Ten uploads at once shall not need ten times the memory."""

_SRGB: Final = ImageCms.createProfile("sRGB")

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF's orientation: what makes the picture upright."""

_OTHERS: Final = (
    (b"GIF8", "GIF"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"%PDF-", "PDF"),
    (b"8BPS", "PSD"), (b"\0\0\1\0", "ICO"), (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"), (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)  # fmt: skip
_HEIC: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_AVIF: Final = frozenset({b"avif", b"avis"})


class PictureRefused(Exception):
    """An upload that cannot be sent; `code` with `values` becomes a sentence on screen.

    | code              | values                                   |
    |-------------------|------------------------------------------|
    | `empty`           |                                          |
    | `too_large`       | `megabytes`, `limit`                     |
    | `heic`            | `format`: HEIC or AVIF                   |
    | `other_format`    | `format`                                 |
    | `not_a_picture`   |                                          |
    | `too_many_pixels` | `megapixels`, `limit`                    |
    | `too_small`       | `width`, `height`, `least` (of a side)   |
    | `too_narrow`      | `width`, `height`, `limit` (times)       |
    | `damaged`         |                                          |
    """

    def __init__(self, code: str, **values: str | float) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(frozen=True, slots=True)
class Picture:
    """What is kept and sent. `width` and `height` in pixels, `sha256` of `data`, in hex."""

    data: bytes
    extension: str
    width: int
    height: int
    sha256: str

    @property
    def name(self) -> str:
        """`<sha256>.<extension>`, as a job calls it."""
        return f"{self.sha256}.{self.extension}"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self.extension]

    def data_uri(self) -> str:
        return _data_uri(self.media_type, self.data)


def data_uri_of(path: Path) -> str:
    """The data URI of a stored picture. Raises OSError when it cannot be read."""
    return _data_uri(_MEDIA_TYPES[path.suffix.removeprefix(".")], path.read_bytes())


def prepare(data: bytes) -> Picture:
    """Makes an upload ready to send: first frame, upright, on white, sRGB, no metadata, small.

    Raises PictureRefused.
    """
    kind = _kind(data)
    with _one_at_a_time:
        try:
            with Image.open(io.BytesIO(data), formats=[kind]) as image:
                _check_size(image, data, kind)
                picture = _decoded(image, data, kind)
            return _encoded(picture)
        except PictureRefused:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            # So many that Pillow itself stops: it looks before we can, and gives no number.
            limit = MOST_PIXELS / 1e6
            raise PictureRefused("too_many_pixels", megapixels=100, limit=limit) from error
        except Exception as error:  # broken files raise whatever their plugin stumbles over
            raise PictureRefused("damaged") from error


# -- before decoding


def _kind(data: bytes) -> str:
    """Pillow's name of the format, by the first bytes: a file's name and type prove nothing."""
    if not data:
        raise PictureRefused("empty")
    if len(data) > LARGEST_UPLOAD:
        megabytes = round(len(data) / 1024**2, 1)
        raise PictureRefused("too_large", megabytes=megabytes, limit=LARGEST_UPLOAD // 1024**2)
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        end = min(int.from_bytes(data[:4]), 256)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
        if brands & _AVIF:
            raise PictureRefused("heic", format="AVIF")
        if brands & _HEIC:
            raise PictureRefused("heic", format="HEIC")
        raise PictureRefused("other_format", format="MP4")
    for start, name in _OTHERS:
        if data.startswith(start):
            raise PictureRefused("other_format", format=name)
    if data.startswith(b"BM") and data[6:10] == bytes(4):
        raise PictureRefused("other_format", format="BMP")
    if b"<svg" in data[:4096].lower():
        raise PictureRefused("other_format", format="SVG")
    raise PictureRefused("not_a_picture")


def _check_size(image: Image.Image, data: bytes, kind: str) -> None:
    width, height = image.size
    pixels = width * height
    if pixels > MOST_PIXELS:
        limit = MOST_PIXELS / 1e6
        raise PictureRefused("too_many_pixels", megapixels=round(pixels / 1e6, 1), limit=limit)
    needed = _decoding_bytes(image, data, kind)
    if needed > _DECODING:
        limit = int(_DECODING / needed * pixels / 1e5) / 10
        raise PictureRefused("too_many_pixels", megapixels=round(pixels / 1e6, 1), limit=limit)
    if min(width, height) < LEAST_SIDE:
        raise PictureRefused("too_small", width=width, height=height, least=LEAST_SIDE)
    if max(width, height) > MOST_STRETCHED * min(width, height):
        raise PictureRefused("too_narrow", width=width, height=height, limit=MOST_STRETCHED)


def _decoding_bytes(image: Image.Image, data: bytes, kind: str) -> float:
    """Peak memory of decoding, as measured a pixel for the libraries at work."""
    width, height = image.size
    pixels = width * height
    if kind == "WEBP":
        if pixels <= _WEBP_WITH_PILLOW or getattr(image, "n_frames", 1) > 1:
            return pixels * 16.0
        return pixels * (6.6 if b"ALPH" in data else 4.0)  # transparency is a picture of its own
    if kind == "PNG":
        return pixels * 4.0
    shrink = min(max(width, height) // LONG_SIDE, 8)
    scale = max(s for s in (1, 2, 4, 8) if s <= max(shrink, 1))  # what draft() will choose
    needed = pixels * 4.0 / scale**2
    if _comes_in_scans(data):  # libjpeg then holds every coefficient, 2 bytes each
        shares = [across * down for _, across, down, _ in getattr(image, "layer", [])]
        needed += pixels * 2.0 * sum(shares) / max(shares, default=1)
    return needed


def _comes_in_scans(data: bytes) -> bool:
    """Whether a JPEG is progressive or stores its colours one after the other."""
    at, components = 2, 0
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return True  # not laid out as it should be: take the dearer case
        marker = data[at + 1]
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8:  # filling and marks without a length
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xDA:
            return data[at + 4] < components
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker not in (0xC0, 0xC1):
                return True
            components = data[at + 9] if at + 9 < len(data) else 0
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return True


# -- decoding


def _target(size: tuple[int, int]) -> tuple[int, int]:
    """The size to send a picture of `size` pixels in; rounded down, so that `draft` may halve."""
    longest = max(size)
    if longest <= LONG_SIDE:
        return size
    return size[0] * LONG_SIDE // longest, size[1] * LONG_SIDE // longest


def _decoded(image: Image.Image, data: bytes, kind: str) -> Image.Image:
    """The first frame: upright, RGB, on white, and with nothing attached."""
    target = _target(image.size)
    if kind == "WEBP" and image.width * image.height > _WEBP_WITH_PILLOW:
        source = _large_webp(data, target)
    else:
        image.draft(image.mode, target)
        image.load()
        source = image
    canvas = _in_bands(source, target, _to_rgb(source.mode, image.info.get("icc_profile")))
    turn = _TURNS.get(_orientation(image))
    return canvas.transpose(turn) if turn is not None else canvas


def _large_webp(data: bytes, target: tuple[int, int]) -> Image.Image:
    """A still WebP through FFmpeg's decoder, which needs less than half of the memory."""
    with av.open(io.BytesIO(data), mode="r", format="webp_pipe") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        # What is inside may be larger than the header announced; the decoder adds some padding.
        stream.codec_context.options = {"max_pixels": str(MOST_PIXELS * 5 // 4)}
        width, height = target
        small = next(container.decode(stream)).reformat(width, height, format="rgba")
    return Image.fromarray(small.to_ndarray())


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # EXIF too broken to be read turns nothing
        return 1


def _in_bands(
    source: Image.Image, target: tuple[int, int], to_rgb: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """`source` as RGB in `target` size, resampled with Lanczos as if it were in one piece."""
    canvas = Image.new("RGB", target)
    scale = source.height / target[1]
    margin = ceil(3 * max(scale, 1.0)) + 1  # rows that Lanczos looks at beyond the band
    rows = max(1, _BAND * target[1] // (source.width * source.height))
    for first in range(0, target[1], rows):
        last = min(first + rows, target[1])
        top = max(0, floor(first * scale) - margin)
        bottom = min(source.height, ceil(last * scale) + margin)
        band = to_rgb(source.crop((0, top, source.width, bottom)))
        box = (0, first * scale - top, band.width, min(last * scale - top, band.height))
        lanczos = Image.Resampling.LANCZOS
        canvas.paste(band.resize((target[0], last - first), lanczos, box), (0, first))
    return canvas


def _to_rgb(mode: str, profile: bytes | None) -> Callable[[Image.Image], Image.Image]:
    """How a band of this mode and colour profile becomes sRGB on white."""
    grey = mode in ("1", "L", "LA", "I", "F") or mode.startswith("I;16")
    plain = "L" if grey else "CMYK" if mode == "CMYK" else "RGB"
    transform = _to_srgb(plain, profile)

    def convert(band: Image.Image) -> Image.Image:
        if band.mode.startswith("I"):  # 16 bits: Pillow's own conversion clips
            band = Image.fromarray((np.asarray(band) >> 8).astype(np.uint8))
        alpha = band.convert("RGBA").getchannel("A") if band.has_transparency_data else None
        colours = band.convert(plain)
        if transform is not None:
            colours = ImageCms.applyTransform(colours, transform) or colours
        if alpha is None:
            return colours.convert("RGB")
        white = Image.new("RGB", band.size, "white")
        white.paste(colours.convert("RGB"), mask=alpha)
        return white

    return convert


def _to_srgb(mode: str, profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    if not profile:
        return None
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.buildTransform(given, _SRGB, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a profile that does not fit is no reason to refuse the picture


# -- encoding


def _encoded(picture: Image.Image) -> Picture:
    """JPEG, first with less quality, then with fewer pixels, until it is small enough."""
    while True:
        for quality in (90, 85, 80, 70, 60):
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=quality)
            if file.tell() <= LARGEST_SENT:
                data = file.getvalue()
                return Picture(data, "jpg", *picture.size, hashlib.sha256(data).hexdigest())
        width, height = picture.size
        picture = picture.resize((width * 4 // 5, height * 4 // 5), Image.Resampling.LANCZOS)


def _data_uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
