"""A sandbox per module, a process of its own reached over real HTTP."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

ROOT = Path(__file__).parents[2]
MODEL = "grok-imagine-video"


class Running:
    """A sandbox process and a client that knows nothing but HTTP."""

    def __init__(self, *options: str):
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--exit-with-parent", *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        self.announced = json.loads(self.process.stdout.readline())
        self.url: str = self.announced["sandbox"]

    def post(self, body: Any, key: str = "test-key", **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"} | more.pop("headers", {})
        more.setdefault("timeout", 10)
        return requests.post(f"{self.url}/v1/videos", json=body, headers=headers, **more)

    def create(self, prompt: str, **fields: Any) -> requests.Response:
        return self.post({"model": MODEL, "prompt": prompt, "duration": 1} | fields)

    def accepted(self, prompt: str, **fields: Any) -> str:
        answer = self.create(prompt, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["request_id"])

    def form(
        self, fields: Any, files: Any = None, key: str = "test-key", **more: Any
    ) -> requests.Response:
        """Send multipart/form-data: texts as a dict or as pairs, files as `requests` takes them."""
        pairs = list(fields.items() if isinstance(fields, dict) else fields)
        parts = [(name, (None, text)) for name, text in pairs] + list((files or {}).items())
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        more.setdefault("timeout", 10)
        return requests.post(f"{self.url}/v1/videos", files=parts, headers=headers, **more)

    def sora(self, prompt: str, files: Any = None, **fields: Any) -> requests.Response:
        return self.form({"model": "sora-2", "prompt": prompt} | fields, files)

    def sora_accepted(self, prompt: str, files: Any = None, **fields: Any) -> str:
        answer = self.sora(prompt, files, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def content(
        self, video_id: str, variant: str = "", key: str = "test-key", **headers: str
    ) -> requests.Response:
        return requests.get(
            f"{self.url}/v1/videos/{video_id}/content",
            params={"variant": variant} if variant else None,
            headers=headers | ({"Authorization": f"Bearer {key}"} if key else {}),
            timeout=30,
        )

    def models(self) -> list[str]:
        headers = {"Authorization": "Bearer test-key"}
        answer = requests.get(f"{self.url}/v1/models", headers=headers, timeout=10).json()
        return [model["id"] for model in answer["data"]]

    def poll(self, request_id: str, key: str = "test-key") -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return requests.get(f"{self.url}/v1/videos/{request_id}", headers=headers, timeout=10)

    def video_url(self, request_id: str) -> str:
        return str(self.poll(request_id).json()["video"]["url"])

    def clip(self, prompt: str, **fields: Any) -> bytes:
        answer = requests.get(self.video_url(self.accepted(prompt, **fields)), timeout=30)
        assert answer.status_code == 200
        return answer.content

    def config(self, **options: Any) -> requests.Response:
        return requests.post(f"{self.url}/_sandbox/config", json=options, timeout=10)

    def told(self, what: str) -> Any:
        return requests.get(f"{self.url}/_sandbox/{what}", timeout=10).json()

    def counts(self, request_id: str = "") -> Any:
        counts = self.told("counts")
        return counts["by_request_id"][request_id] if request_id else counts

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(5)

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.kill()


@pytest.fixture(scope="module")
def shared_sandbox() -> Iterator[Running]:
    running = Running("--seconds", "0", "0")
    yield running
    running.close()


@pytest.fixture
def sandbox(shared_sandbox: Running) -> Running:
    """Empty, with work that takes no time."""
    requests.post(f"{shared_sandbox.url}/_sandbox/reset", timeout=10)
    shared_sandbox.config(
        seconds=[0, 0], latency=0, key=None, models=None, create_fault=None, poll_fault=None
    )
    return shared_sandbox


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Start more of them, with options."""
    running: list[Running] = []

    def begin(*options: str) -> Running:
        running.append(Running(*options))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def jpeg(size: tuple[int, int] = (300, 200)) -> bytes:
    picture = Image.linear_gradient("L").resize(size)
    colours = Image.merge("RGB", (picture, picture.rotate(180), picture.transpose(0)))
    buffer = io.BytesIO()
    colours.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.fixture
def picture() -> bytes:
    return jpeg()


@pytest.fixture
def data_uri(picture: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture).decode()


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition, ten seconds at most."""

    def wait(condition: Callable[[], Any]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)

    return wait
