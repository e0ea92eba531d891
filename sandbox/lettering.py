"""Words on a frame: a font that has the glyphs, balanced lines, a soft shadow."""

from __future__ import annotations

import functools
import re
import unicodedata

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from sandbox.canvas import BLACK, WHITE, Mask, Planes, Size

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# Usual places of fonts that hold more than Latin; the second value is the face in a collection.
FONT_FILES = [
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/arphic/uming.ttc", 0),
    ("/System/Library/Fonts/PingFang.ttc", 0),
    ("/System/Library/Fonts/STHeiti Light.ttc", 0),
    ("/System/Library/Fonts/Supplemental/Arial Unicode.ttf", 0),
    ("C:/Windows/Fonts/msyh.ttc", 0),
    ("C:/Windows/Fonts/simsun.ttc", 0),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0),
]
MOST_SET = 400  # characters: more would not fit at the smallest size
NEVER_FIRST = "，。！？、；：”’）》」』,.!?;:)…"
UNDRAWN = {"Cc", "Cf", "Cn", "Co", "Cs", "So", "Sk", "Zl", "Zp"}


@functools.lru_cache(maxsize=64)
def load(place: int, size: int) -> Font | None:
    """The built-in font (place 0) or one of FONT_FILES; None where it is not installed."""
    if place == 0:
        return ImageFont.load_default(size)
    path, face = FONT_FILES[place - 1]
    try:
        return ImageFont.truetype(path, size, index=face)
    except (OSError, ValueError):
        return None


@functools.lru_cache(maxsize=4096)
def has_glyph(place: int, character: str) -> bool:
    font = load(place, 24)
    if font is None:
        return False
    return character.isspace() or bytes(font.getmask(character)) != bytes(
        font.getmask("\U0010fffe")
    )


def readable(text: str) -> tuple[int, str]:
    """The place of the font that draws most of the text, and the text without what it lacks."""
    drawn = "".join(c for c in text if unicodedata.category(c) not in UNDRAWN or c in "\n\t")
    drawn = re.sub(r"\s+", " ", drawn).strip()
    letters = set(drawn)
    place = max(
        range(len(FONT_FILES) + 1), key=lambda p: (sum(has_glyph(p, c) for c in letters), -p)
    )
    return place, "".join(c for c in drawn if has_glyph(place, c))


def wrap(text: str, font: Font, width: float) -> list[str]:
    """Break at blanks, and between any two wide (Chinese, Japanese, Korean) characters."""
    pieces = re.findall(
        r"[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+\s*|\S\s*", text
    )
    lines = [""]
    for piece in pieces:
        fits = font.getlength((lines[-1] + piece).rstrip()) <= width
        if fits or not lines[-1] or piece[0] in NEVER_FIRST:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.strip() for line in lines]


def balanced(text: str, font: Font, width: float) -> list[str]:
    """The same number of lines in the narrowest column, so that none is left with one word."""
    lines = wrap(text, font, width)
    low, high = width / 3, width
    while high - low > 4:
        middle = (low + high) / 2
        tried = wrap(text, font, middle)
        if len(tried) <= len(lines) and max(map(font.getlength, tried)) <= width:
            lines, high = tried, middle
        else:
            low = middle
    return lines


def set_lines(text: str, width: float, biggest: int, lines_at_most: int) -> tuple[Font, list[str]]:
    """Choose the largest size that fits; what is longer still ends in an ellipsis."""
    place, text = readable(text)
    text = text[:MOST_SET]
    for size in range(biggest, biggest * 50 // 100, -2):
        font = load(place, size)
        if font is None:  # pragma: no cover - the place was loaded a moment ago
            break
        lines = wrap(text, font, width)
        if len(lines) <= lines_at_most and max(map(font.getlength, lines)) <= width:
            return font, balanced(text, font, width)
    font = load(place, biggest * 50 // 100) or ImageFont.load_default(biggest)
    lines = wrap(text, font, width)
    if len(lines) > lines_at_most:
        lines = [*lines[: lines_at_most - 1], lines[lines_at_most - 1].rstrip(" ,.，。") + "…"]
    return font, lines


class Caption:
    """Text once drawn, laid over every frame: a blurred shadow, then the letters."""

    def __init__(self, letters: Image.Image, at: Size, blur: float, strength: float, ink: float):
        self.at = (at[0] // 2 * 2, at[1] // 2 * 2)
        shadow = letters.filter(ImageFilter.GaussianBlur(blur))
        self.shadow = Mask.of(shadow.point(lambda a: min(255, round(a * strength))))
        self.letters = Mask.of(letters.point(lambda a: round(a * ink)))

    def lay_on(self, frame: Planes) -> None:
        frame.lay(BLACK, self.at, self.shadow)
        frame.lay(WHITE, self.at, self.letters)


def even(value: float) -> int:
    return round(value / 2) * 2


def words(text: str, size: Size) -> Caption | None:
    """The prompt's words in the upper part of the frame; None when nothing can be drawn."""
    if not readable(text)[1]:
        return None
    width, height = size
    portrait = height > width
    biggest, most_lines = (0.086, 8) if portrait else (0.078, 4)
    font, lines = set_lines(text, width * 0.76, round(min(size) * biggest), most_lines)
    em = getattr(font, "size", 12)
    pitch, blur = em * 1.44, em * 0.45
    block = even(pitch * len(lines) + blur * 6)
    picture = Image.new("L", (even(width), block), 0)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        middle = (width / 2, blur * 3 + pitch * (number + 0.5))
        draw.text(middle, line, fill=255, font=font, anchor="mm")
    top = max(height * 0.315 - block / 2, height * 0.07)
    return Caption(picture, (0, even(top)), blur, 0.75, 0.97)


def rehearsal_tag(size: Size) -> Caption:
    """REHEARSAL in small spaced capitals for the top left corner, with a dot before it."""
    em = max(11, round(min(size) * 0.026))
    font = load(0, em) or ImageFont.load_default(em)
    space, blur = em * 0.34, em * 0.5
    margin = round(min(size) * 0.05)
    picture = Image.new("L", (even(em * 12), even(em * 3)), 0)
    draw = ImageDraw.Draw(picture)
    x, middle = em * 1.0, em * 1.5
    dot = Image.new("L", (64, 64), 0)
    ImageDraw.Draw(dot).ellipse((2, 2, 61, 61), fill=255)
    radius = max(2, round(em * 0.26))
    picture.paste(dot.resize((radius * 2, radius * 2)), (round(x), round(middle) - radius))
    x += em * 1.0
    for letter in "REHEARSAL":
        draw.text((x, middle), letter, fill=255, font=font, anchor="lm")
        x += font.getlength(letter) + space
    return Caption(picture, (even(margin - em), even(margin - em)), blur, 0.9, 0.82)
