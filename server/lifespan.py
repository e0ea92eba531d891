"""What starts and stops with the server: the studio, its worker, the rehearsal's gateway."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio.to_thread
import streamlit as st

import settings
import studio
from server.live import open_hub
from server.logs import set_up_logging
from server.rehearsal import Rehearsal

log = logging.getLogger(__name__)

NO_KEY: Final = "no-key-needed"
"""What the rehearsal's gateway is given for a key; it takes any."""


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Opens the studio before the first request and closes it after the last."""
    try:
        opened, rehearsal = await anyio.to_thread.run_sync(_open)
    except settings.ConfigurationError as error:
        # Any exception would come out below Starlette's traceback; this is meant for people.
        sys.stderr.write(f"\nThe studio cannot start. {error}\n\n")
        sys.stderr.flush()
        os._exit(2)
    hub = open_hub(opened.store)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hub.watch)
        try:
            yield {}
        finally:
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_close, opened, rehearsal)


def _open() -> tuple[studio.Studio, Rehearsal | None]:
    chosen = settings.load()
    set_up_logging(chosen)
    opened = studio.open_studio(chosen)
    rehearsal = None
    if opened.closed != "key_missing" and chosen.worker == "thread":
        if chosen.grok_api_key is None:
            rehearsal = Rehearsal.start(chosen.folder / "sandbox")
            worker = studio.hire_worker(opened, rehearsal.url, NO_KEY)
        else:
            key = chosen.grok_api_key.get_secret_value()
            worker = studio.hire_worker(opened, chosen.grok_api_base_url, key)
        worker.start()
    studio.use(opened)
    log.info("open, %s", "in rehearsal" if chosen.is_rehearsal else "with a key")
    return opened, rehearsal


def _close(opened: studio.Studio, rehearsal: Rehearsal | None) -> None:
    studio.use(None)
    opened.close()
    if rehearsal is not None:
        rehearsal.stop()
