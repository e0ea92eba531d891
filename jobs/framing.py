"""Pictures brought to a given size: for models that take no other, and posters that came made."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Literal

from PIL import Image, ImageFilter, ImageOps

from jobs.picture import LARGEST_SENT, Picture, PictureRefused, prepare

Framing = Literal["crop", "pad"]


def fit(data: bytes, width: int, height: int, framing: Framing) -> Picture:
    """The stored picture `data` with exactly `width` × `height` pixels.

    `crop` fills the frame and loses the edges; `pad` keeps all of the picture, before a blurred
    copy of itself. Raises PictureRefused.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as opened:
            picture = opened.convert("RGB")
    except Exception as error:  # broken files raise whatever their plugin stumbles over
        raise PictureRefused("damaged") from error
    framed = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    if framing == "pad":
        framed = framed.filter(ImageFilter.GaussianBlur(24))
        whole = ImageOps.contain(picture, (width, height), Image.Resampling.LANCZOS)
        framed.paste(whole, ((width - whole.width) // 2, (height - whole.height) // 2))
    for quality in (90, 80, 70, 60, 40, 20):
        file = io.BytesIO()
        framed.save(file, "JPEG", quality=quality)
        if file.tell() <= LARGEST_SENT:
            break
    sent = file.getvalue()
    return Picture(sent, "jpg", width, height, hashlib.sha256(sent).hexdigest())


def still(path: Path, long_side: int = 640) -> None:
    """Turns a still picture that was fetched to `path` into a poster (WebP), in place.

    Raises PictureRefused where it is none, OSError where the disk refuses.
    """
    picture = prepare(path.read_bytes())
    with Image.open(io.BytesIO(picture.data)) as opened:
        opened.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
        opened.save(path, "WEBP", quality=80)
