"""Is a downloaded file really a clip, and what does it look like?

The mp4's boxes are walked before any decoder sees the file, so that nothing else that FFmpeg would
read (playlists, say, which name further addresses) gets that far.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import av
from av.stream import Disposition
from PIL import Image

LARGEST_SIDE: Final = 8192
LARGEST_AREA: Final = 8192 * 4320
"""Pixels of a frame: 8K, so that one frame stays below 60 MB."""

MOST_BOXES: Final = 10_000
"""Top-level boxes walked: a fragmented mp4 of ten minutes has a few hundred."""

PACKETS_TO_FIRST_FRAME: Final = 64
_LOOKS: Final = (0.1, 0.3, 0.5, 0.0)
"""Where a poster's frame is looked for, as shares of the clip, until one is not all black."""

_BLACK: Final = 24
"""Brightness of 255 up to which a pixel counts as black: video black is 16."""

_CONFINED: Final = {
    "enable_drefs": "0",
    "use_absolute_path": "0",
    # The file is handed over open, so FFmpeg itself has to open nothing, by whatever protocol.
    "protocol_whitelist": "none",
}


class NotAClip(Exception):
    """The file is no playable mp4; `reason` says why, in a few words for logs and details."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """Pixels, seconds, FFmpeg's name of the codec, size in bytes and the file's sha256 (hex)."""

    width: int
    height: int
    seconds: float
    codec: str
    bytes: int
    sha256: str


def check(path: Path) -> ClipFacts:
    """Walks the boxes and decodes the first frame.

    Raises NotAClip, or OSError when the file itself cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        _walk(file, size)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        with _opened(file) as (container, stream):
            frame = _first_frame(container, stream)
            seconds = _seconds(container, stream)
            codec = stream.codec_context.codec.canonical_name
            return ClipFacts(frame.width, frame.height, seconds, codec, size, digest)


def poster(path: Path, target: Path, long_side: int = 640) -> None:
    """Writes one frame as a WebP of at most `long_side` pixels, whole or not at all.

    Raises NotAClip, or OSError when a file cannot be read or written.
    """
    with path.open("rb") as file:
        _walk(file, os.fstat(file.fileno()).st_size)
        with _opened(file) as (container, stream):
            picture = _telling_picture(container, stream, long_side)
    temporary = target.with_name(f"{target.name}.{secrets.token_hex(8)}")
    try:
        picture.save(temporary, "WEBP", quality=80)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _walk(file: BinaryIO, size: int) -> None:
    """Checks the top-level boxes (ISO/IEC 14496-12 §4.2) of a file of `size` bytes; rewinds it."""
    found: list[bytes] = []
    start = 0
    while start < size:
        file.seek(start)
        header = file.read(16)
        if len(header) < 8:
            raise NotAClip("a box is cut off")
        length, kind, least = int.from_bytes(header[:4]), header[4:8], 8
        if length == 1:  # a 64-bit length follows
            length, least = int.from_bytes(header[8:16]), 16
        elif length == 0:  # up to the end of the file
            length = size - start
        if not found and kind != b"ftyp":
            raise NotAClip("not an mp4")
        if length < least or start + length > size:
            raise NotAClip("a box is cut off")
        if len(found) == MOST_BOXES:
            raise NotAClip("too many boxes")
        found.append(kind)
        start += length
    for kind in (b"ftyp", b"moov", b"mdat"):
        if kind not in found:
            raise NotAClip(f"no {kind.decode()} box")
    file.seek(0)


@contextlib.contextmanager
def _opened(
    file: BinaryIO,
) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """The file's one video stream, its size checked; whatever goes wrong inside is NotAClip."""
    file.seek(0)
    try:
        with av.open(file, mode="r", format="mp4", options=_CONFINED) as container:
            streams = [
                stream
                for stream in container.streams.video
                if not stream.disposition & Disposition.attached_pic
            ]
            if len(streams) != 1:
                raise NotAClip(f"{len(streams)} video streams")
            stream = streams[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            if not (
                min(width, height) >= 2
                and max(width, height) <= LARGEST_SIDE
                and width * height <= LARGEST_AREA
            ):
                raise NotAClip(f"{width}x{height} pixels")
            stream.codec_context.thread_count = 1  # each thread would hold frames of its own
            # Frames may turn out larger than announced; the decoder adds some padding.
            stream.codec_context.options = {"max_pixels": str(LARGEST_AREA * 5 // 4)}
            yield container, stream
    except NotAClip:
        raise
    except Exception as error:  # the decoders' errors have no common base that is theirs alone
        raise NotAClip(f"cannot be decoded ({type(error).__name__})") from error


def _first_frame(container: av.container.InputContainer, stream: av.VideoStream) -> av.VideoFrame:
    """The next frame that can be decoded from where the container stands."""
    for packet in itertools.islice(container.demux(stream), PACKETS_TO_FIRST_FRAME):
        for frame in packet.decode():
            if isinstance(frame, av.VideoFrame):
                _check_frame(frame)
                return frame
    raise NotAClip("no frame can be decoded")


def _check_frame(frame: av.VideoFrame) -> None:
    # What a stream's header announces and what its frames measure are two claims.
    if max(frame.width, frame.height) > LARGEST_SIDE or frame.width * frame.height > LARGEST_AREA:
        raise NotAClip(f"{frame.width}x{frame.height} pixels")


def _seconds(container: av.container.InputContainer, stream: av.VideoStream) -> float:
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = (container.duration or 0) / av.time_base
    if seconds <= 0:
        raise NotAClip("no length")
    return round(seconds, 3)


def _telling_picture(
    container: av.container.InputContainer, stream: av.VideoStream, long_side: int
) -> Image.Image:
    """The first frame of `_LOOKS` that is not all black, else the earliest of them."""
    length = container.duration or 0
    fallback: Image.Image | None = None
    for share in _LOOKS:
        # Seeking lands on the keyframe before; without it the next frame read is as good.
        with contextlib.suppress(av.FFmpegError):
            container.seek(int(length * share))
        try:
            frame = _frame_at(container, stream, length * share / av.time_base)
        except (NotAClip, av.FFmpegError):
            continue
        picture = _small(frame, long_side)
        brightest = picture.convert("L").getextrema()[1]
        if isinstance(brightest, int | float) and brightest > _BLACK:
            return picture
        fallback = fallback or picture
    if fallback is None:
        raise NotAClip("no frame can be decoded")
    return fallback


def _frame_at(
    container: av.container.InputContainer, stream: av.VideoStream, seconds: float
) -> av.VideoFrame:
    """The frame at `seconds`; where keyframes are far apart, the last one read on the way."""
    last = _first_frame(container, stream)
    for frame in itertools.islice(container.decode(stream), 300):
        if last.time is None or last.time >= seconds:
            break
        _check_frame(frame)
        last = frame
    return last


def _small(frame: av.VideoFrame, long_side: int) -> Image.Image:
    scale = min(1.0, long_side / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    small = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    picture = Image.fromarray(small)
    return picture.rotate(frame.rotation, expand=True) if frame.rotation else picture
