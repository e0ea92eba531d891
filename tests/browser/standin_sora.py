"""The stand-in with Sora beside Grok: forms in, content out by the API itself, a list of models."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from tests.browser.standin import Call, Reply, StandIn

NOT_FOUND = (404, {"error": {"message": "Not found", "type": "not_found"}})


@dataclass
class SoraStandIn(StandIn):
    """Content needs the key; with `redirects` it is fetched from the CDN, which must not get it."""

    models: list[str] = field(default_factory=lambda: ["grok-imagine-video"])
    redirects: bool = False

    def reply(self, call: Call) -> Reply:
        address = urlsplit(call.path)
        if address.path.endswith("/content") and self._may(call):
            with self._lock:
                self.api_calls.append(call)
            video = address.path.removeprefix("/v1/videos/").removesuffix("/content")
            if call.method == "GET" and self._polls.get(video, 0) >= self.polls_until_done:
                return self._content(parse_qs(address.query).get("variant", ["video"])[0])
        return super().reply(call)

    def _may(self, call: Call) -> bool:
        return call.headers.get("authorization") == f"Bearer {self.key}"

    def _content(self, variant: str) -> Reply:
        if variant == "thumbnail":
            still = io.BytesIO()
            Image.new("RGB", (1280, 720), "#3c6e8f").save(still, "WEBP")
            return Reply(200, "image/webp", still.getvalue())
        if self.redirects:
            return Reply(302, "text/plain", b"", f"{self.cdn_url}/signed.mp4")
        return Reply(200, "video/mp4", self.clip)

    def answer(self, call: Call) -> tuple[int, Any]:
        with self._lock:
            self.api_calls.append(call)
            if not self._may(call):
                return 401, {"error": {"message": "Invalid API key", "type": "auth_error"}}
            if (call.method, call.path) == ("GET", "/v1/models"):
                listed = [{"id": name, "object": "model"} for name in self.models]
                return 200, {"object": "list", "data": listed}
            if (call.method, call.path) == ("POST", "/v1/videos"):
                if not call.headers["content-type"].startswith("multipart/form-data; boundary="):
                    return 400, {"error": {"message": "a form is needed", "type": "bad_request"}}
                video = f"video_{len(self._polls) + 1:032x}"
                self._polls[video] = 0
                return 200, {"id": video, "object": "video", "status": "queued", "progress": 0}
            video = call.path.removeprefix("/v1/videos/")
            if call.method != "GET" or video not in self._polls:
                return NOT_FOUND
            self._polls[video] += 1
            done = self._polls[video] >= self.polls_until_done
        told = {"id": video, "object": "video", "model": "sora-2"}
        if done:
            return 200, told | {"status": "completed", "progress": 100}
        return 200, told | {"status": "in_progress", "progress": 40}


def fields_of(call: Call) -> dict[str, tuple[str | None, str, bytes]]:
    """The parts of a form by their names: file name, type and bytes; each may come once."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    found: dict[str, tuple[str | None, str, bytes]] = {}
    for part in message_from_bytes(head + call.body).get_payload():
        name = str(part.get_param("name", header="content-disposition"))
        assert name not in found, name
        data = part.get_payload(decode=True)
        found[name] = (part.get_filename(), part.get_content_type(), data)
    return found


def texts_of(call: Call) -> dict[str, str]:
    """The fields of a form that are no files."""
    return {name: data.decode() for name, (file, _, data) in fields_of(call).items() if not file}
