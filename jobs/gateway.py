"""Names of gateways: what a job is bound to, so that no other gateway ever hears of it."""

from __future__ import annotations

import hashlib

from settings import Settings

REHEARSAL = "rehearsal"


def gateway_name(settings: Settings) -> str:
    """The gateway's address and a fingerprint of the key, or `rehearsal`.

    A request id means nothing to another gateway, and another key cannot ask after it: a job is
    only ever worked on where it was asked for. The fingerprint does not lead back to the key.
    """
    if settings.grok_api_key is None:
        return REHEARSAL
    key = settings.grok_api_key.get_secret_value()
    fingerprint = hashlib.sha256(f"studio:{key}".encode()).hexdigest()[:12]
    return f"{settings.grok_api_base_url}#{fingerprint}"
