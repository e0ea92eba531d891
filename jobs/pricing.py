"""What a clip will probably cost. The gateway's own prices are not public: an estimate, no more."""

from __future__ import annotations

from settings import Settings


def estimate(settings: Settings, resolution: str, duration: int, *, picture: bool) -> float:
    """Dollars for one clip, by the price table of the settings (default: xAI's list prices)."""
    second = settings.price_720p if resolution == "720p" else settings.price_480p
    return round(second * duration + (settings.price_picture if picture else 0.0), 4)
