"""A calm landscape in colours drawn from the prompt: sky, drifting cloud, ridges, sometimes water."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sandbox.canvas import Mask, Pixels, Planes, Size
from sandbox.palettes import PALETTES, dithered, mix, seeded, smooth_noise

PHASES = 4  # ridges are drawn at quarter pixels, so that a slow drift does not step


class Ridge:
    """One line of hills: a still, misty filling seen through a mask that drifts."""

    def __init__(self, filling: Planes, top: int, masks: list[Mask], speed: float):
        self.filling, self.top, self.masks, self.speed = filling, top, masks, speed

    def lay_on(self, frame: Planes, number: int) -> None:
        quarter = round(number * self.speed * PHASES)
        mask = self.masks[quarter % PHASES].crop(quarter // PHASES, self.filling.size)
        frame.lay(self.filling, (0, self.top), mask)


class Landscape:
    """Frames of a landscape; the same prompt, size and length give the same frames."""

    def __init__(self, prompt: str, size: Size, frames: int):
        self.size, self.frames = size, frames
        self.dice = seeded(prompt)
        self.palette = PALETTES[int(self.dice.integers(len(PALETTES)))]
        self.lake = bool(self.dice.random() < 0.55)
        self.unit = min(size) / 480
        self.shore = round(size[1] * (0.74 if self.lake else 1.0) / 2) * 2
        self.sky = self.paint_sky()
        self.cloud, self.cloud_height = self.paint_cloud()
        self.cloud_colour = self.mix_cloud_colour()
        self.ridges = self.raise_ridges()
        self.water = np.clip(np.arange(256) * 0.80 + 2, 0, 255).astype(np.uint8)

    def paint_sky(self) -> Planes:
        width, height = self.size
        horizon = height * 0.70
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        down = np.clip(y / horizon, 0, 1)
        colours = self.palette
        rgb = mix(colours.top, colours.middle, np.clip(down / 0.62, 0, 1) ** 1.25)
        low = np.clip((down - 0.5) / 0.5, 0, 1)
        share = (low * low * (3 - 2 * low))[..., None]
        rgb = rgb * (1 - share) + np.asarray(colours.horizon) * share
        if colours.stars:
            rgb += self.stars(height, width) * (1 - down[..., None]) ** 1.5
        sun_x = width * self.dice.uniform(0.2, 0.8)
        sun_y = horizon * self.dice.uniform(0.66, 0.84)
        far = np.hypot(x - sun_x, y - sun_y) / (min(self.size) * 0.052)
        disc = np.clip((1 - far) * 9 + 0.5, 0, 1)
        glow = 0.50 / (1 + (far / 2.4) ** 2) + 0.22 / (1 + (far / 7) ** 2)
        light = np.clip(disc * 0.94 + glow * (1 - disc), 0, 1)[..., None]
        rgb = rgb * (1 - light) + np.asarray(colours.light) * light
        edge = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2)[..., None]
        return Planes.of(dithered(self.dice, rgb * (1 - 0.55 * edge)))

    def stars(self, height: int, width: int) -> Pixels:
        field: Pixels = np.zeros((height, width, 1), np.float32)
        count = round(width * height / 2600)
        rows, columns = (
            self.dice.integers(height, size=count),
            self.dice.integers(width, size=count),
        )
        field[rows, columns, 0] = self.dice.random(count) ** 3 * 190
        soft = (
            np.roll(field, 1, 0)
            + np.roll(field, 1, 1)
            + np.roll(field, -1, 0)
            + np.roll(field, -1, 1)
        )
        return np.asarray(field + soft * 0.3)

    def paint_cloud(self) -> tuple[Mask, int]:
        """Long thin veils, twice as wide as needed, as a mask for the horizon's colour."""
        width, height = self.size
        rows, length = round(height * 0.56 / 2) * 2, width + self.travel(0.4)
        coarse = self.dice.random((9, max(6, length // 190)))
        fine = self.dice.random((26, max(9, length // 60)))
        veil = sum(
            np.asarray(
                Image.fromarray((noise * 255).astype(np.uint8)).resize(
                    (length, rows), Image.Resampling.BICUBIC
                ),
                dtype=np.float32,
            )
            * weight
            for noise, weight in ((coarse, 0.68 / 255), (fine, 0.32 / 255))
        )
        fade = np.sin(np.linspace(0, np.pi, rows))[:, None] ** 1.3
        alpha = np.clip((np.asarray(veil) - 0.52) * 2.6, 0, 1) * fade * 120
        return Mask.of(Image.fromarray(alpha.astype(np.uint8))), round(height * 0.10 / 2) * 2

    def travel(self, speed: float) -> int:
        """Pixels that something of this speed (at 480p, a frame) crosses, made even."""
        return round(speed * self.unit * self.frames / 2) * 2 + 4

    def raise_ridges(self) -> list[Ridge]:
        count = 3 if self.lake else 4
        return [self.raise_ridge(number, count) for number in range(count)]

    def raise_ridge(self, number: int, count: int) -> Ridge:
        width, height = self.size
        near = number / (count - 1)
        speed = (0.12 + 0.5 * near**1.6) * self.unit
        length = width + self.travel(speed / self.unit)
        base = self.shore * (0.80 + 0.15 * near) if self.lake else height * (0.66 + 0.24 * near)
        swing = height * (0.20 - 0.09 * near) * self.dice.uniform(0.8, 1.15)
        pitch = min(width, height * 1.3) * PHASES * (0.62 - 0.22 * near)
        line = np.zeros(length * PHASES)
        for octave, weight in enumerate((0.62, 0.24, 0.09, 0.035, 0.015)):
            line += weight * smooth_noise(self.dice, line.size, pitch / 2.3**octave)
        ridge = base - swing * (line - 0.32) * 1.5
        top = max(0, int(ridge.min() - 6) // 2 * 2)
        rows = np.arange(top, self.shore, dtype=np.float32)[:, None]
        softness = (2.6 - 1.4 * near) * self.unit
        masks = []
        for phase in range(PHASES):
            cover = np.clip(
                (rows - ridge[phase::PHASES][None, :].astype(np.float32)) / softness, 0, 1
            )
            masks.append(Mask.of(Image.fromarray((cover * 255).astype(np.uint8))))
        return Ridge(self.filling(rows, near, ridge), top, masks, speed)

    def filling(self, rows: Pixels, near: float, ridge: Pixels) -> Planes:
        """The hill's colour at its crest, thinning into mist towards its foot."""
        colours = self.palette
        crest = mix(colours.far, colours.near, np.full((1,), near**0.8))[0]
        mist = np.asarray(colours.horizon) * 0.62 + np.asarray(colours.far) * 0.38
        depth = np.clip((rows - ridge.min()) / max(1.0, self.size[1] - ridge.min()), 0, 1)
        share = depth**1.1 * (0.62 * (1 - near) + 0.10)
        if self.lake:
            share = share * 1.3
        column = crest * (1 - share) + mist * share
        flat = np.repeat(column[:, None, :], self.size[0], axis=1)
        return Planes.of(dithered(self.dice, flat))

    def draw(self, number: int) -> Planes:
        frame = self.sky.crop(0, 0, self.size)
        drift = int(number * 0.4 * self.unit) // 2 * 2
        veil = self.cloud.crop(drift, (self.size[0], self.cloud.full.height))
        frame.lay(self.cloud_colour, (0, self.cloud_height), veil)
        for ridge in self.ridges:
            ridge.lay_on(frame, number)
        if self.lake:
            self.mirror(frame, number)
        return frame

    def mix_cloud_colour(self) -> tuple[int, int, int]:
        between = (np.asarray(self.palette.light) + np.asarray(self.palette.horizon)) / 2
        planes = Planes.of(np.full((2, 2, 3), between).astype(np.uint8))
        y, u, v = (int(np.asarray(plane)[0, 0]) for plane in (planes.y, planes.u, planes.v))
        return y, u, v

    def mirror(self, frame: Planes, number: int) -> None:
        """The water gives back what stands above it, rippling more the nearer it is."""
        for plane, scale in ((frame.y, 1), (frame.u, 2), (frame.v, 2)):
            shore, pixels = self.shore // scale, np.asarray(plane)
            down = np.arange(plane.height - shore, dtype=np.float32)
            near = down * scale / (self.size[1] - self.shore)
            wave = np.sin(38 * near**0.6 - number * 0.11) + 0.6 * np.sin(
                71 * near**0.7 + number * 0.07
            )
            rows = shore - 2 - down * 1.25 + wave * near * 7 * self.unit / scale
            water = pixels[np.clip(rows, 0, shore - 1).astype(int)]
            if scale == 1:
                water = self.water[water]
            plane.paste(Image.fromarray(water), (0, shore))
