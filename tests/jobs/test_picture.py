"""Uploads: what is refused, what becomes of the rest, and what it costs in memory."""

import base64
import contextlib
import hashlib
import io
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from jobs import picture as module
from jobs.picture import Picture, PictureRefused, data_uri_of, prepare


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    assert (image.format, image.mode, image.size) == (
        "JPEG", "RGB", (picture.width, picture.height),
    )  # fmt: skip
    return image


def plain(width=64, height=48, colour: object = (200, 40, 40), mode="RGB") -> Image.Image:
    return Image.new(mode, (width, height), colour)


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def bomb(width: int, height: int, bits: int = 8, colour: int = 2) -> bytes:
    """A PNG of that size, all zeros, made without ever holding it; `colour` as in its header."""
    bytes_a_row = 1 + width * {0: 1, 2: 3, 6: 4}[colour] * bits // 8
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(bytes_a_row)) for _ in range(height)) + packer.flush()
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([bits, colour, 0, 0, 0])
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def refused(data: bytes) -> PictureRefused:
    with pytest.raises(PictureRefused) as caught:
        prepare(data)
    return caught.value


# -- refusals

JPEG = encoded(plain(), "JPEG")


def ftyp(*brands: bytes) -> bytes:
    body = brands[0] + bytes(4) + b"".join(brands[1:])
    return (len(body) + 8).to_bytes(4) + b"ftyp" + body + bytes(100)


@pytest.mark.parametrize(
    ("data", "code", "kind"),
    [
        (b"", "empty", None),
        (JPEG + bytes(module.LARGEST_UPLOAD), "too_large", None),
        (ftyp(b"heic", b"mif1", b"heic"), "heic", "HEIC"),
        (ftyp(b"mif1", b"heix"), "heic", "HEIC"),
        (ftyp(b"avif", b"mif1", b"miaf"), "heic", "AVIF"),
        (ftyp(b"mif1", b"avif"), "heic", "AVIF"),
        (ftyp(b"isom", b"mp41"), "other_format", "MP4"),
        (encoded(plain(), "GIF"), "other_format", "GIF"),
        (encoded(plain(), "BMP"), "other_format", "BMP"),
        (encoded(plain(), "TIFF"), "other_format", "TIFF"),
        (b"<?xml version='1.0'?>\n<SVG xmlns='x'/>", "other_format", "SVG"),
        (b"%PDF-1.7\n", "other_format", "PDF"),
        (b"This is text, whatever its name.", "not_a_picture", None),
        (b"BMW is a maker of cars.", "not_a_picture", None),
        (b"\0" * 100, "not_a_picture", None),
        (b"ftyp", "not_a_picture", None),
        (encoded(plain(15, 100), "PNG"), "too_small", None),
        (encoded(plain(2600, 100), "PNG"), "too_narrow", None),
        (b"\xff\xd8\xff", "damaged", None),
        (b"\xff\xd8\xff\xe0 and then text", "damaged", None),
        (b"\x89PNG\r\n\x1a\n", "damaged", None),
        (b"RIFF\0\0\0\0WEBPVP8 ", "damaged", None),
    ],
)
def test_refusals(data, code, kind):
    error = refused(data)
    assert error.code == code
    assert error.values.get("format") == kind


def test_a_refusal_carries_what_its_sentence_needs():
    assert refused(JPEG + bytes(12 * 1024**2)).values == {"megabytes": 12.0, "limit": 10}
    assert refused(encoded(plain(20, 10), "PNG")).values == {"width": 20, "height": 10, "least": 16}
    values = refused(bomb(6000, 4500)).values
    assert values == {"megapixels": 27.0, "limit": 25.0}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.9])
def test_a_picture_cut_off_is_damaged(kind, share):
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    assert refused(data[: int(len(data) * share)]).code == "damaged"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_spoilt_pictures_end_in_an_answer():
    chance = np.random.default_rng(3)
    image = Image.fromarray(chance.integers(0, 255, (40, 40, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(image, kind, exif=exif, icc_profile=srgb())
        for _ in range(100):
            spoilt = bytearray(data)
            for at in chance.integers(8, len(data), 6):
                spoilt[at] = chance.integers(256)
            with contextlib.suppress(PictureRefused):
                prepare(bytes(spoilt))


# -- what becomes of the rest


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_a_picture_and_its_names(tmp_path):
    picture = prepare(JPEG)
    assert (picture.width, picture.height, picture.extension) == (64, 48, "jpg")
    assert picture.sha256 == hashlib.sha256(picture.data).hexdigest()
    assert picture.name == f"{picture.sha256}.jpg"
    assert picture.media_type == "image/jpeg"
    head, body = picture.data_uri().split(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(body) == picture.data
    (tmp_path / picture.name).write_bytes(picture.data)
    assert data_uri_of(tmp_path / picture.name) == picture.data_uri()
    assert prepare(JPEG) == picture


def quarters() -> Image.Image:
    """Red, green over blue, white: every turn of it looks different."""
    image = plain(96, 64, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 47, 31), fill="red")
    draw.rectangle((48, 0, 95, 31), fill="lime")
    draw.rectangle((0, 32, 47, 63), fill="blue")
    return image


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_and_silent_about_where_it_was_taken(kind, orientation):
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "CANARY maker"
    exif.get_ifd(0x8825)[29] = "CANARY GPS date"
    stored = quarters() if undo is None else quarters().transpose(undo)
    options: dict[str, object] = {"exif": exif, "icc_profile": srgb(), "quality": 95}
    if kind in ("JPEG", "WEBP"):
        options["xmp"] = b"<x:xmpmeta>CANARY</x:xmpmeta>"
    if kind == "JPEG":
        options["comment"] = b"CANARY"
    if kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Author", "CANARY")
    data = encoded(stored, kind, **options)
    assert b"CANARY" in data
    picture = prepare(data)
    image = decoded(picture)
    corners = [image.getpixel(at) for at in ((12, 8), (84, 8), (12, 56), (84, 56))]
    wanted = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    assert np.abs(np.subtract(corners, wanted)).max() < 12
    assert b"CANARY" not in picture.data
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def near(picture: Picture, colour: tuple[int, int, int], at=(32, 24), within=6) -> bool:
    found = decoded(picture).getpixel(at)
    return bool(np.abs(np.subtract(found, colour)).max() <= within)


def test_cmyk_becomes_rgb():
    data = encoded(plain(colour=(0, 255, 255, 0), mode="CMYK"), "JPEG")
    assert near(prepare(data), (255, 0, 0), within=20)


def test_transparency_becomes_white():
    image = plain(colour=(255, 0, 0, 0), mode="RGBA")
    image.paste((0, 0, 255, 255), (32, 0, 64, 48))
    for kind in ("PNG", "WEBP"):
        picture = prepare(encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {})))
        assert near(picture, (255, 255, 255), (8, 24))
        assert near(picture, (0, 0, 255), (52, 24))
    assert near(prepare(encoded(plain(colour=(0, 128), mode="LA"), "PNG")), (127, 127, 127))


def test_a_palette_with_a_transparent_colour():
    image = plain(mode="P", colour=0)
    image.putpalette([255, 0, 0, 0, 200, 0])
    image.paste(1, (32, 0, 64, 48))
    picture = prepare(encoded(image, "PNG", transparency=0))
    assert near(picture, (255, 255, 255), (8, 24))
    assert near(picture, (0, 200, 0), (52, 24))


def test_a_transparent_colour_without_a_palette():
    assert near(prepare(encoded(plain(), "PNG", transparency=(200, 40, 40))), (255, 255, 255))


def test_16_bits_and_1_bit():
    deep = Image.fromarray(np.full((48, 64), 0x8000, np.uint16))
    assert near(prepare(encoded(deep, "PNG")), (128, 128, 128))
    assert near(prepare(encoded(plain(mode="1", colour=1), "PNG")), (255, 255, 255))
    assert near(prepare(bomb(64, 48, bits=16)), (0, 0, 0))


def test_a_colour_profile_is_applied():
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
    profile = bytearray(swapped)
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    data = encoded(plain(colour=(200, 0, 0)), "PNG", icc_profile=bytes(profile))
    assert near(prepare(data), (0, 0, 200), within=8)


def test_a_profile_that_does_not_fit_is_passed_over():
    for profile in (b"no profile", srgb()):
        data = encoded(plain(mode="L", colour=90), "PNG", icc_profile=profile)
        assert near(prepare(data), (90, 90, 90))


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animation_the_first_frame(kind):
    frames = [plain(colour=colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert near(prepare(data), (255, 0, 0))


def test_a_phones_jpeg_of_several_pictures():
    image = plain(colour="red")
    data = encoded(image, "MPO", save_all=True, append_images=[plain(colour="blue")])
    assert near(prepare(data), (255, 0, 0))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_downscaled_without_seams(kind):
    """A slope across and down comes out as a slope: no band shows its edge."""
    across, down = np.meshgrid(np.linspace(20, 230, 3000), np.linspace(20, 230, 2000))
    slope = np.stack([across, down, (across + down) / 2], axis=-1).astype(np.uint8)
    options = {"quality": 95} if kind != "PNG" else {"compress_level": 1}
    picture = prepare(encoded(Image.fromarray(slope), kind, **options))
    assert (picture.width, picture.height) == (2048, 1365)
    found = np.asarray(decoded(picture)).astype(float)
    across, down = np.meshgrid(np.linspace(20, 230, 2048), np.linspace(20, 230, 1365))
    assert np.abs(found[..., 0] - across).max() < 8
    assert np.abs(found[..., 1] - down).max() < 8


def test_bands_give_what_one_piece_gives(monkeypatch):
    noise = np.random.default_rng(5).integers(0, 255, (700, 900, 3), np.uint8)
    image = Image.fromarray(noise)
    monkeypatch.setattr(module, "_BAND", 20_000)
    found = module._in_bands(image, (400, 311), lambda band: band)
    wanted = image.resize((400, 311), Image.Resampling.LANCZOS)
    assert np.abs(np.subtract(found, wanted, dtype=np.int16)).max() <= 1


def test_noise_is_squeezed_below_the_limit():
    noise = np.random.default_rng(2).integers(0, 255, (2048, 2048), np.uint8)
    picture = prepare(encoded(Image.fromarray(noise), "JPEG", quality=95))
    assert len(picture.data) <= module.LARGEST_SENT
    assert picture.width >= 1024


# -- memory

MEASURE = """
    import io, resource, sys
    from jobs.picture import PictureRefused, prepare
    from PIL import Image
    data = sys.stdin.buffer.read()
    small = io.BytesIO()
    Image.new("RGB", (64, 64)).save(small, "PNG")
    prepare(small.getvalue())

    def peak():
        # The kernel keeps the peak of this program alone; getrusage would count its parent's.
        for line in open("/proc/self/status"):
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    before = peak()
    try:
        answer = prepare(data).width
    except PictureRefused as error:
        answer = error.code
    print(answer, peak() - before)
"""


def jpeg(**options) -> bytes:
    return encoded(Image.new("RGB", (5000, 5000), "teal"), "JPEG", **options)


def webp(mode="RGB", **options) -> bytes:
    image = Image.new(mode, (5000, 5000), "#12345678" if mode == "RGBA" else "teal")
    return encoded(image, "WEBP", method=0, quality=0, **options)


def small_webp_header_of(width: int, height: int) -> bytes:
    """A WebP whose canvas is said to be larger than what is in it."""
    data = bytearray(encoded(plain(mode="RGBA", colour=(1, 2, 3, 4)), "WEBP", quality=50))
    assert data[12:16] == b"VP8X"
    data[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def large_webp_in_a_smaller_canvas() -> bytes:
    """More pixels than allowed, in a canvas of fewer."""
    inside = encoded(Image.new("RGB", (10000, 8000)), "WEBP", method=0, quality=0)[12:]
    assert inside.startswith(b"VP8 ")
    sides = (3999).to_bytes(3, "little") + (2999).to_bytes(3, "little")
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes(4) + sides + inside
    return b"RIFF" + len(body).to_bytes(4, "little") + body


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (lambda: bomb(20000, 20000, bits=1, colour=0), "too_many_pixels"),
        (lambda: bomb(6000, 4500), "too_many_pixels"),
        (lambda: bomb(5000, 5000, colour=6), "2048"),
        (lambda: bomb(5000, 5000, bits=16, colour=6), "2048"),
        (lambda: bomb(20000, 1250, colour=6), "2048"),
        (lambda: jpeg(subsampling=0), "2048"),
        (lambda: jpeg(progressive=True, subsampling=0), "too_many_pixels"),
        (lambda: webp(), "2048"),
        (lambda: webp("RGBA", lossless=True), "2048"),
        (lambda: webp("RGBA"), "too_many_pixels"),
        (lambda: large_webp_in_a_smaller_canvas(), "damaged"),
        (lambda: small_webp_header_of(16000, 16000), "too_many_pixels"),
        (lambda: small_webp_header_of(4000, 2000), "damaged"),
    ],
)  # fmt: skip
def test_memory_stays_below_150_megabytes(make: Callable[[], bytes], answer: str):
    found, added = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEASURE)],
        input=make(), capture_output=True, check=True, cwd=Path(module.__file__).parents[1],
    ).stdout.split()  # fmt: skip
    assert found.decode() == answer
    assert float(added) < 150
