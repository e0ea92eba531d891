"""Aspect ratios as little drawings: a label that shows its shape."""

from __future__ import annotations

import base64
from functools import cache


@cache
def shape(ratio: str, words: str = "") -> str:
    """A label for `ratio` ("16:9"): an outline of that shape, then `words` or the ratio itself.

    The outline is a mid grey that stands out on the light and the dark background alike.
    """
    width, height = (int(part) for part in ratio.split(":"))
    scale = 18 / max(width, height)
    across, up = round(width * scale, 1), round(height * scale, 1)
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 20 20">'
        f'<rect x="{(20 - across) / 2}" y="{(20 - up) / 2}" width="{across}" height="{up}" rx="2" '
        'fill="#9a8f7d" fill-opacity=".25" stroke="#9a8f7d" stroke-width="1.5"/></svg>'
    )
    data = base64.b64encode(drawing.encode()).decode()
    return f"![](data:image/svg+xml;base64,{data}) {words or ratio}"
