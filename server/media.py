"""Clips, posters and pictures, by signed addresses; every request is checked again.

The addresses lie under `/app/static/`, which Streamlit's players resolve below any base path.
"""

from __future__ import annotations

from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

import studio
from jobs.archive import picture_name
from server.cookie import session_behind

MEDIA_TYPES: Final = {
    "mp4": "video/mp4",
    "webp": "image/webp",
    "jpg": "image/jpeg",
    "png": "image/png",
}


async def media(request: Request) -> Response:
    """`GET /app/static/media/{token}.{extension}`, with Range; `?download=1` saves it as a file."""
    found = await anyio.to_thread.run_sync(_find, request)
    if found is None:
        return PlainTextResponse(
            "Not here, or not yours.", 404, headers={"Cache-Control": "no-store"}
        )
    response, name = found
    if request.query_params.get("download"):
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    # Private: only this browser may keep it. The address changes with the session.
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def _find(request: Request) -> tuple[FileResponse, str] | None:
    here = studio.current()
    named = here.links.read(request.path_params["token"], studio.MEDIA)
    if named is None:
        return None
    thing, session_id, variant = named
    session = session_behind(request, session_id)
    if session is None:
        return None
    try:
        stored = _stored(session.username, thing, variant)
        path = here.archive.path(stored)
        facts = path.stat()
    except (FileNotFoundError, ValueError):
        return None
    extension = stored.rpartition(".")[2]
    response = FileResponse(path, media_type=MEDIA_TYPES[extension], stat_result=facts)
    return response, f"grok-{thing}.{extension}"


def _stored(username: str, thing: str, variant: str) -> str:
    """The archive's name of what the address stands for. Raises FileNotFoundError, ValueError."""
    if variant == "draft":  # an uploaded picture that no job has yet; its name is its hash
        return picture_name(thing)
    job = studio.current().store.get(username, thing)
    names: dict[str, str | None] = {}
    if job is not None:
        picture = picture_name(job.picture) if job.picture else None
        names = {"clip": job.clip, "poster": job.poster, "picture": picture}
    stored = names.get(variant)
    if stored is None:
        raise FileNotFoundError(variant)
    return stored
