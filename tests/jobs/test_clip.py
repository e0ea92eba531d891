"""Clips are checked as files first and as videos second; posters show something."""

import contextlib
import hashlib
import http.server
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from jobs import clip
from jobs.clip import NotAClip, check, poster


def film(path: Path, colours: list[int], size=(64, 36), videos=1, **options: str) -> Path:
    """An mp4 of one frame for each grey value, ten a second."""
    with av.open(path, "w", format="mp4", options=options) as container:
        streams = [container.add_stream("libx264", rate=10) for _ in range(videos)]
        for stream in streams:
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.options = {"preset": "ultrafast"}
        for colour in colours:
            picture = np.full((size[1], size[0], 3), colour, np.uint8)
            for stream in streams:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        for stream in streams:
            container.mux(stream.encode())
    return path


def box(kind: bytes, body: bytes = b"") -> bytes:
    return (len(body) + 8).to_bytes(4) + kind + body


FTYP = box(b"ftyp", b"isom\0\0\2\0isommp41")


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    return film(tmp_path_factory.mktemp("clips") / "good.mp4", [200] * 10)


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    return path


def test_a_clip_and_its_facts(good):
    data = good.read_bytes()
    facts = check(good)
    assert (facts.width, facts.height, facts.codec) == (64, 36, "h264")
    assert facts.seconds == pytest.approx(1.0, abs=0.05)
    assert facts.bytes == len(data)
    assert facts.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("flags", ["faststart", "frag_keyframe+empty_moov"])
def test_other_layouts(tmp_path, flags):
    facts = check(film(tmp_path / "clip.mp4", [200] * 10, movflags=flags))
    assert facts.seconds == pytest.approx(1.0, abs=0.11)


def test_a_box_may_have_a_64_bit_length_or_reach_to_the_end(good, tmp_path):
    free = (1).to_bytes(4) + b"free" + (24).to_bytes(8) + bytes(8)
    assert check(written(tmp_path, good.read_bytes() + free)).width == 64
    last = (0).to_bytes(4) + b"free" + bytes(100)
    assert check(written(tmp_path, good.read_bytes() + last)).width == 64


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n%s\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no ftyp"),
        (b"\0\0", "cut off"),
        (b"<html><body>Not found</body></html>", "not an mp4"),
        (PLAYLIST % b"file:///etc/passwd", "not an mp4"),
        (box(b"moov") + FTYP + box(b"mdat"), "not an mp4"),
        (FTYP + box(b"moov"), "no mdat"),
        (FTYP + box(b"mdat"), "no moov"),
        (FTYP + b"\x7f\xff\xff\xffmoov", "cut off"),
        (FTYP + b"\0\0\0\x04moov", "cut off"),
        (FTYP + b"\0\0\0\x01moov" + (8).to_bytes(8), "cut off"),
        (FTYP + b"\0\0\0\x01moov" + (2**64 - 1).to_bytes(8), "cut off"),
        (FTYP + b"\0\0\0\x01moov", "cut off"),
        (FTYP + box(b"moov") + box(b"mdat", bytes(50)), "0 video"),
        (FTYP + box(b"moov", b"\xff" * 99) + box(b"mdat", PLAYLIST % b"x"), "0 video"),
    ],
)
def test_what_is_no_clip(tmp_path, data, reason):
    path = written(tmp_path, data)
    with pytest.raises(NotAClip, match=reason) as refused:
        check(path)
    assert refused.value.reason == str(refused.value)
    with pytest.raises(NotAClip):
        poster(path, tmp_path / "poster.webp")
    assert not (tmp_path / "poster.webp").exists()


def test_boxes_are_counted(tmp_path):
    with pytest.raises(NotAClip, match="too many"):
        check(written(tmp_path, FTYP + box(b"free") * (clip.MOST_BOXES + 1)))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_clip_cut_off_is_no_clip(good, tmp_path, share):
    data = good.read_bytes()
    with pytest.raises(NotAClip):
        check(written(tmp_path, data[: int(len(data) * share)]))


def test_spoilt_clips_end_in_an_answer_too(good, tmp_path):
    data, chance = good.read_bytes(), np.random.default_rng(7)
    for _ in range(100):
        spoilt = bytearray(data)
        for at in chance.integers(len(FTYP), len(data), 12):
            spoilt[at] = chance.integers(256)
        path = written(tmp_path, bytes(spoilt))
        for look in (check, lambda path: poster(path, tmp_path / "poster.webp")):
            with contextlib.suppress(NotAClip):
                look(path)


def test_sound_alone_is_no_clip(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(NotAClip, match="0 video streams"):
        check(path)


def test_one_video_only(tmp_path):
    with pytest.raises(NotAClip, match="2 video streams"):
        check(film(tmp_path / "clip.mp4", [200] * 3, videos=2))


def test_sizes_are_bounded(good, monkeypatch):
    monkeypatch.setattr(clip, "LARGEST_SIDE", 63)
    with pytest.raises(NotAClip, match="64x36 pixels"):
        check(good)


def test_a_missing_file_is_the_disks_trouble(tmp_path):
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "none.mp4")


def test_data_kept_elsewhere_is_not_fetched(good, tmp_path):
    """A data reference (`dref`) may name a file or an address; neither is opened."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/clip.mp4".encode()
    data = good.read_bytes()
    old = b"\0\0\0\x0curl \0\0\0\x01"  # "in this same file"
    try:
        assert data.count(old) == 1
        new = box(b"url ", bytes(4) + address + b"\0")
        longer = len(new) - len(old)
        for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
            at = data.index(kind) - 4
            data = (
                data[:at]
                + (int.from_bytes(data[at : at + 4]) + longer).to_bytes(4)
                + data[at + 4 :]
            )
        path = written(tmp_path, data.replace(old, new))
        for look in (check, lambda path: poster(path, tmp_path / "poster.webp")):
            with contextlib.suppress(NotAClip):
                look(path)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


# -- posters


def brightness(path: Path) -> float:
    with Image.open(path) as picture:
        assert picture.format == "WEBP"
        return float(np.asarray(picture.convert("L")).mean())


def test_a_poster_is_a_small_webp(tmp_path):
    path = film(tmp_path / "clip.mp4", [200] * 10, size=(160, 90))
    poster(path, tmp_path / "poster.webp", long_side=80)
    with Image.open(tmp_path / "poster.webp") as picture:
        assert picture.size == (80, 45)
    assert brightness(tmp_path / "poster.webp") == pytest.approx(200, abs=6)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["clip.mp4", "poster.webp"]


def test_a_small_clip_is_not_enlarged(good, tmp_path):
    poster(good, tmp_path / "poster.webp")
    with Image.open(tmp_path / "poster.webp") as picture:
        assert picture.size == (64, 36)


def test_a_poster_skips_the_beginning(tmp_path):
    poster(film(tmp_path / "c.mp4", [60] * 2 + [200] * 18), tmp_path / "p.webp")
    assert brightness(tmp_path / "p.webp") == pytest.approx(200, abs=6)


def test_a_poster_skips_black(tmp_path):
    poster(film(tmp_path / "c.mp4", [0] * 8 + [150] * 12), tmp_path / "p.webp")
    assert brightness(tmp_path / "p.webp") == pytest.approx(150, abs=6)


def test_all_black_still_has_a_poster(tmp_path):
    poster(film(tmp_path / "c.mp4", [0] * 5), tmp_path / "p.webp")
    assert brightness(tmp_path / "p.webp") < 10


def test_one_frame_is_enough(tmp_path):
    poster(film(tmp_path / "c.mp4", [120]), tmp_path / "p.webp")
    assert brightness(tmp_path / "p.webp") == pytest.approx(120, abs=6)


def test_a_poster_that_cannot_be_written_leaves_nothing(good, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(clip.os, "replace", full)
    with pytest.raises(OSError, match="space"):
        poster(good, tmp_path / "poster.webp")
    assert list(tmp_path.iterdir()) == []
