"""Colours for a landscape, and the dice, noise and grain that it is painted with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from sandbox.canvas import Colour, Pixels


@dataclass(frozen=True)
class Palette:
    top: Colour
    middle: Colour
    horizon: Colour
    light: Colour
    far: Colour
    near: Colour
    stars: bool = False


PALETTES = [
    Palette(
        (28, 38, 78),
        (146, 92, 122),
        (255, 190, 138),
        (255, 240, 214),
        (150, 104, 126),
        (22, 20, 42),
    ),
    Palette(
        (10, 30, 58), (44, 98, 122), (250, 186, 124), (255, 236, 196), (84, 110, 128), (8, 20, 32)
    ),
    Palette(
        (46, 34, 84), (164, 92, 138), (255, 192, 178), (255, 238, 226), (146, 96, 142), (26, 16, 46)
    ),
    Palette(
        (5, 9, 28), (16, 36, 78), (84, 126, 162), (238, 243, 255), (42, 68, 104), (4, 9, 22), True
    ),
    Palette(
        (14, 48, 62), (62, 122, 124), (232, 222, 172), (255, 248, 220), (92, 136, 128), (8, 28, 30)
    ),
    Palette(
        (38, 52, 96), (168, 106, 96), (255, 206, 132), (255, 244, 206), (178, 108, 84), (52, 20, 26)
    ),
    Palette(
        (8, 16, 40), (20, 70, 84), (112, 188, 160), (232, 255, 244), (36, 88, 96), (5, 16, 26), True
    ),
]


def seeded(prompt: str) -> np.random.Generator:
    """Dice that fall the same way for the same prompt."""
    return np.random.default_rng(list(hashlib.sha256(prompt.encode("utf-8", "replace")).digest()))


def smooth_noise(dice: np.random.Generator, length: int, pitch: float) -> Pixels:
    """Soft random values in 0–1, one wave every `pitch` samples."""
    knots = dice.random(int(length / pitch) + 3)
    at = np.arange(length) / pitch
    low = at.astype(int)
    part = at - low
    part = part * part * (3 - 2 * part)
    return np.asarray(knots[low] * (1 - part) + knots[low + 1] * part)


def mix(a: Colour, b: Colour, share: Pixels) -> Pixels:
    blend: Pixels = np.asarray(a) * (1 - share[..., None]) + np.asarray(b) * share[..., None]
    return blend


def dithered(dice: np.random.Generator, rgb: Pixels) -> Pixels:
    """Eight bits with a little grain: a bare gradient would show bands."""
    grain = dice.normal(0, 1.1, rgb.shape[:2])[..., None]
    return np.asarray(np.clip(rgb + grain, 0, 255), dtype=np.uint8)
