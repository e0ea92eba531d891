"""What tests ask of a running sandbox. Only this machine is answered."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.answers import error
from sandbox.forms import form_facts
from sandbox.gateway import Gateway
from sandbox.jobs import as_json, as_text
from sandbox.wire import fingerprint, response

Endpoint = Callable[[Request], Awaitable[Response]]
KINDS = ("poll", "download", "head", "thumbnail", "spritesheet")


def local_only(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        host = request.client.host if request.client else ""
        try:
            local = ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = False
        if not local:
            return response(error(403, "only from this machine", "forbidden"))
        return await endpoint(request)

    return guarded


class Control:
    def __init__(self, gateway: Gateway):
        self.gateway, self.book = gateway, gateway.book

    async def counts(self, request: Request) -> Response:
        """Every call counted, in all and by request id."""
        kinds = Counter[str]()
        results = Counter[str]()
        for row in self.book.rows("SELECT kind, result, COUNT(*) FROM calls GROUP BY 1, 2"):
            kinds[row[0]] += row[2]
            results[f"{row[0]}.{row[1]}"] += row[2]
        by_id = {job.id: self.told(job.id) for job in self.book.jobs()}
        for row in self.book.rows("SELECT * FROM calls WHERE job IS NOT NULL ORDER BY number"):
            told = by_id.setdefault(row["job"], self.told(row["job"]))
            if row["kind"] == "create":
                told |= {"prompt": row["prompt"], "accepted_at": row["at"], "key": row["key"]}
                told |= body_facts(row["body"], row["content_type"])
            elif row["kind"] in KINDS:
                told[f"{row['kind']}s"].append(row["at"])
                told["results"].append(f"{row['kind']}.{row['result']}")
                told["cdn_authorization"] |= row["result"] == "authorization"
        return JSONResponse(
            {
                "creates": kinds["create"],
                "accepted": results["create.accepted"],
                "refused": kinds["create"] - results["create.accepted"],
                "polls": kinds["poll"],
                "downloads": kinds["download"],
                "thumbnails": kinds["thumbnail"],
                "spritesheets": kinds["spritesheet"],
                "models": kinds["models"],
                "cdn_authorization": results["download.authorization"]
                + results["head.authorization"],
                "results": dict(results),
                "by_request_id": by_id,
            }
        )

    def told(self, request_id: str) -> dict[str, Any]:
        lists: dict[str, Any] = {f"{kind}s": [] for kind in KINDS}
        return lists | {"results": [], "request_id": request_id, "cdn_authorization": False}

    async def creates(self, request: Request) -> Response:
        """Every create in order, refused ones too, each with the body it brought."""
        rows = self.book.rows("SELECT * FROM calls WHERE kind = 'create' ORDER BY number")
        return JSONResponse(
            [
                {
                    **{name: row[name] for name in ("number", "at", "result", "status", "prompt")},
                    "request_id": row["job"],
                    "key": row["key"],
                    **body_facts(row["body"], row["content_type"]),
                }
                for row in rows
            ]
        )

    async def body(self, request: Request) -> Response:
        """The exact bytes of one create's body, by its number."""
        number = request.path_params["number"]
        rows = self.book.rows("SELECT body FROM calls WHERE number = ?", number)
        if not rows or rows[0]["body"] is None:
            return response(error(404, "no such create", "not_found"))
        return Response(rows[0]["body"], media_type="application/octet-stream")

    async def jobs(self, request: Request) -> Response:
        """Every accepted job."""
        return JSONResponse(
            [
                {
                    "request_id": job.id,
                    "family": job.family,
                    "model": job.model,
                    "prompt": job.prompt,
                    "duration": job.duration,
                    "size": job.size,
                    "accepted_at": job.accepted_at,
                    "due_at": job.due_at,
                    "from_picture": job.from_picture,
                    "path": job.path,
                    "tags": {name: str(n) for name, n in self.gateway.tags(job.prompt).items()},
                    "has_clip": self.gateway.has_clip(job),
                    "rendered": self.gateway.studio.file(job).exists(),
                }
                for job in self.book.jobs()
            ]
        )

    async def reset(self, request: Request) -> Response:
        """Forget every job, call and clip; the options stay."""
        self.book.clear()
        self.gateway.studio.clear()
        return JSONResponse({"reset": True})

    async def config(self, request: Request) -> Response:
        """Read the options, or replace those sent: seconds, latency, key, models, create_fault,
        poll_fault."""
        if request.method == "POST":
            try:
                values = await request.json()
                if not isinstance(values, dict):
                    raise TypeError("send a JSON object")
                self.gateway.options = self.gateway.options.changed(values)
            except (ValueError, TypeError) as cause:
                return response(error(400, str(cause), "invalid_option"))
        options = self.gateway.options
        return JSONResponse(
            {
                "seconds": options.seconds,
                "latency": options.latency,
                "key": fingerprint(options.key) if options.key else None,
                "models": options.models,
                "create_fault": ", ".join(options.create_faults) or None,
                "poll_fault": ", ".join(options.poll_faults) or None,
            }
        )


def body_facts(body: bytes | None, content_type: str) -> dict[str, Any]:
    """A body as text, as JSON where it is short, or as a form; its size and digest in any case."""
    data = body or b""
    return {
        "body": as_text(body),
        "json": as_json(body),
        "form": form_facts(content_type, body),
        "content_type": content_type,
        "body_bytes": len(data),
        "body_sha256": hashlib.sha256(data).hexdigest(),
    }
