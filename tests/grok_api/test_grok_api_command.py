"""The command line, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grok_api import Done, Moderated, NotFound, Pending, RateLimited, ServerError, wait
from grok_api.options import EXIT, parser
from grok_api.outcomes import KINDS
from tests.grok_api.pictures import png

KEY = "sk-canary-0123456789abcdef"
ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def start(gateway: Any, *arguments: str, key: str = KEY) -> subprocess.Popen[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "GROK_API_BASE_URL": gateway.url,
        "PYTHONIOENCODING": "utf-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if key:
        environment["GROK_API_KEY"] = key
    return subprocess.Popen(
        # A run in the background hands down an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        args=[sys.executable, "-m", "grok_api", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run(gateway: Any, *arguments: str, key: str = KEY) -> tuple[int, list[Any], str]:
    with start(gateway, *arguments, key=key) as process:
        out, err = process.communicate(timeout=20)
    assert KEY not in out + err
    assert "Traceback" not in err
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def test_generate(gateway: Any, cdn: Any, tmp_path: Path) -> None:
    image = tmp_path / "first.png"
    image.write_bytes(PNG)
    gateway.sequence(
        (200, {"request_id": "r1"}),
        (200, {"status": "pending", "progress": 40}),
        (502, "error code: 502"),
        (200, {"video": {"url": cdn.url + "/v.mp4", "duration": "6"}}),
    )
    cdn.answer(200, b"video", {"Content-Type": "video/mp4"})
    out = tmp_path / "clip.mp4"
    code, lines, err = run(
        gateway,
        *("generate", "a cat", "--duration", "6", "--resolution", "480p"),
        *("--image", str(image), "--out", str(out), "--interval", "0.05"),
    )
    assert code == 0, err
    assert [line["kind"] for line in lines] == ["pending", "done"]
    assert [line["request_id"] for line in lines] == ["r1", "r1"]
    assert lines[1]["clip"] == str(out)
    assert lines[1]["bytes"] == 5
    assert out.read_bytes() == b"video"
    assert "40 %" in err
    assert gateway.seen[0].document["image"]["url"].startswith("data:image/png;base64,")
    assert len([seen for seen in gateway.seen if seen.method == "POST"]) == 1


def test_generate_with_sora(gateway: Any, tmp_path: Path) -> None:
    image = tmp_path / "first.png"
    image.write_bytes(png(1280, 720))
    gateway.sequence(
        (200, {"id": "video_1", "status": "queued"}),
        (200, {"id": "video_1", "status": "in_progress", "progress": 50}),
        (200, {"id": "video_1", "status": "completed", "progress": 100}),
        (200, b"video", {"Content-Type": "video/mp4"}),
    )
    out = tmp_path / "clip.mp4"
    code, lines, err = run(
        gateway,
        *("generate", "a cat", "--model", "sora-2", "--duration", "8", "--size", "1280x720"),
        *("--image", str(image), "--out", str(out), "--interval", "0.05"),
    )
    assert code == 0, err
    assert lines[-1]["url"] == f"{gateway.url}/v1/videos/video_1/content"
    assert out.read_bytes() == b"video"
    assert "retrieve video_1 --model sora-2" in err
    assert b'name="size"\r\n\r\n1280x720\r\n' in gateway.seen[0].body
    assert png(1280, 720) in gateway.seen[0].body
    assert [seen.path for seen in gateway.seen][1:] == [
        *["/v1/videos/video_1"] * 2,
        "/v1/videos/video_1/content",
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--model", "sora-2", "--resolution", "1792x1024"), "bad_resolution"),
        (("--model", "sora-2", "--duration", "6"), "duration_out_of_range"),
        (("--model", "sora-2", "--aspect-ratio", "16:9"), "bad_aspect_ratio"),
        (("--model", "sora-2", "--image", "https://e.com/a.png"), "image_must_be_uploaded"),
        (("--model", "sora-3"), "bad_model"),
    ],
)
def test_mistakes_with_sora(gateway: Any, arguments: tuple[str, ...], code: str) -> None:
    exit_code, lines, err = run(gateway, "create", "a cat", *arguments)
    assert (exit_code, lines[0]["code"]) == (2, code)
    assert code != "bad_model" or "grok-imagine-video, sora-2, sora-2-pro" in err
    assert gateway.seen == []


def test_create_with_each_models_defaults(gateway: Any) -> None:
    gateway.answer(200, {"id": "video_1", "status": "queued"})
    code, _, err = run(gateway, "create", "a cat", "--model", "sora-2-pro")
    assert code == 0
    assert "retrieve video_1 --model sora-2-pro" in err
    assert b'name="seconds"\r\n\r\n4\r\n' in gateway.seen[0].body


def test_time_is_up(gateway: Any, tmp_path: Path) -> None:
    gateway.sequence((200, {"request_id": "r1"}), (200, {"status": "pending"}))
    out = str(tmp_path / "clip.mp4")
    code, lines, err = run(
        gateway, *("generate", "a cat", "--out", out, "--interval", "0.05", "--timeout", "0.2")
    )
    assert code == EXIT["pending"]
    assert lines[-1]["kind"] == "pending"
    assert "retrieve r1" in err


def test_interrupted(gateway: Any, tmp_path: Path) -> None:
    gateway.sequence((200, {"request_id": "r1"}), (200, {"status": "pending"}))
    out = str(tmp_path / "clip.mp4")
    with start(gateway, "generate", "a cat", "--out", out, "--interval", "5") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert first["request_id"] == "r1"
    assert process.returncode == 130
    assert "retrieve r1" in err
    assert "Traceback" not in err


def test_no_key(gateway: Any) -> None:
    code, lines, err = run(gateway, "create", "a cat", key="")
    assert code == EXIT["auth_error"]
    assert lines[0]["kind"] == "auth_error"
    assert "GROK_API_KEY" in err
    assert gateway.seen == []


def test_create_that_may_have_been_accepted(gateway: Any) -> None:
    gateway.answer(500)
    code, lines, err = run(gateway, "create", "a cat")
    assert code == EXIT["server_error"]
    assert lines[0]["ambiguous"] is True
    assert "Do not simply repeat it" in err


def test_a_mistake(gateway: Any) -> None:
    code, lines, _ = run(gateway, "create", "a cat", "--duration", "99")
    assert code == 2
    assert (lines[0]["field"], lines[0]["code"]) == ("duration", "duration_out_of_range")
    assert gateway.seen == []


def test_create_then_retrieve(gateway: Any, tmp_path: Path) -> None:
    gateway.answer(200, {"id": "r1", "status": "queued"})
    assert run(gateway, "create", "a cat", "--aspect-ratio", "9:16")[0] == 0
    gateway.sequence(
        (200, {"status": "done", "video": {"url": "/v1/videos/r1/content"}}),
        (200, b"video", {"Content-Type": "video/mp4"}),
    )
    out = tmp_path / "clip.mp4"
    code, lines, _ = run(gateway, "retrieve", "r1", "--out", str(out))
    assert code == 0
    assert lines[0]["clip"] == str(out)


def test_retrieve_moderated(gateway: Any) -> None:
    gateway.answer(200, {"video": {"respect_moderation": "false"}})
    code, lines, _ = run(gateway, "retrieve", "r1")
    assert code == EXIT["moderated"]
    assert lines[0]["kind"] == "moderated"


def test_every_kind_has_its_exit_code() -> None:
    assert set(EXIT) == set(KINDS)
    assert len(set(EXIT.values())) == len(KINDS)
    assert "exit codes" in parser().format_help()


class Clock:
    """Time that passes only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Answers:
    """A client that answers from a list."""

    def __init__(self, *answers: Any) -> None:
        self.left = list(answers)

    def retrieve(self, request_id: str, *, model: str) -> Any:
        answer = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def waited(*answers: Any, **options: Any) -> tuple[Any, Clock]:
    clock = Clock()
    client: Any = Answers(*answers)
    return wait(client, Pending("r1"), clock=clock, sleep=clock.sleep, **options), clock


def test_waiting_asks_at_intervals_until_the_end() -> None:
    done = Done("https://cdn.example.com/v.mp4")
    outcome, clock = waited(Pending("r1"), Pending("r1"), done)
    assert outcome == done
    assert clock.pauses == [8, 8, 8]


def test_waiting_backs_off_and_goes_on() -> None:
    refused = RateLimited("slow", retry_after=30)
    outcome, clock = waited(ServerError("x"), refused, NotFound("x"), Moderated("no"))
    assert outcome.kind == "moderated"
    assert clock.pauses == [8, 16, 30, 16]


def test_waiting_ends_with_time() -> None:
    outcome, clock = waited(Pending("r1", 50), timeout=100)
    assert outcome == Pending("r1", 50)
    assert clock.now <= 100


def test_waiting_ends_where_the_key_is_refused() -> None:
    from grok_api import AuthError

    with pytest.raises(AuthError):
        waited(AuthError("x"))
