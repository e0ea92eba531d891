"""What a clip will probably cost. The gateway's own prices are not public: an estimate, no more."""

from __future__ import annotations

from grok_api import limits_for
from settings import Settings


def estimate(
    settings: Settings, model: str, resolution: str, duration: int, *, picture: bool
) -> float:
    """Dollars for one clip: by the setting PRICES, else by the vendor's list prices."""
    limits, ours = limits_for(model), settings.prices.get(model, {})
    second = ours.get(resolution, limits.second_prices.get(resolution, 0.0))
    extra = ours.get("picture", limits.picture_price) if picture else 0.0
    return round(second * duration + extra, 4)
