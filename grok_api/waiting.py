"""Asks for a job until it ends or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable

from grok_api import grok
from grok_api.client import VideoClient
from grok_api.errors import ApiError
from grok_api.outcomes import Outcome, Pending

INTERVAL = 8.0  # seconds; the API document asks for 8–10
TIMEOUT = 600.0  # seconds; a video takes 30 s to 3 min, rarely longer
LONGEST_PAUSE = 60.0  # seconds
# A job just created may not be known everywhere yet, so that not_found passes as well.
PASSING = ("server_error", "rate_limited", "malformed", "not_found", "unknown")


def wait(
    client: VideoClient,
    pending: Pending,
    *,
    model: str = grok.MODEL,
    interval: float = INTERVAL,
    timeout: float = TIMEOUT,
    tell: Callable[[Pending | ApiError], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Return how the job ended, or the last Pending after `timeout` seconds: it runs on.

    Polls every `interval` seconds, slower while something is out of order. `tell` hears of
    each pending answer and passing error; other ApiErrors are raised.
    """
    deadline = clock() + timeout
    pause = interval
    while clock() + pause <= deadline:
        sleep(pause)
        pause = interval
        try:
            outcome = client.retrieve(pending.request_id, model=model)
        except ApiError as error:
            if error.kind not in PASSING:
                raise
            tell(error)
            longest = max(LONGEST_PAUSE, interval)
            pause = min(max(error.retry_after or 0.0, interval * 2), longest)
            continue
        if not isinstance(outcome, Pending):
            return outcome
        pending = outcome
        tell(pending)
    return pending
