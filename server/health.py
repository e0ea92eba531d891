"""`GET /healthz`: whether database, archive and worker are well."""

from __future__ import annotations

import logging

import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import studio

log = logging.getLogger(__name__)


async def healthz(_request: Request) -> Response:
    """200 with `{"database": "well", "archive": "well", "worker": "well"}`, else 503."""
    report = await anyio.to_thread.run_sync(_report)
    well = set(report.values()) <= {"well", "off", "rehearsal"}
    return JSONResponse(report, 200 if well else 503, headers={"Cache-Control": "no-store"})


def _report() -> dict[str, str]:
    here = studio.current()
    try:
        here.database.change_number()
        database = "well"
    except SQLAlchemyError as error:
        log.warning("health: the database did not answer: %s", type(error).__name__)
        database = "does not answer"
    if here.worker is None:
        worker = "off" if here.settings.worker == "off" else "not started"
    else:
        worker = "well" if here.worker.is_well else "stands still"
    return {
        "database": database,
        "archive": "well" if here.archive.is_well() else "cannot be written",
        "worker": worker,
        "mode": "rehearsal" if here.settings.is_rehearsal else "well",
    }
