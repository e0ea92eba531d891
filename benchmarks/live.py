"""How soon a change is on the screen: `python benchmarks/live.py [--rounds 20]`.

Starts the studio in rehearsal in a temporary folder, opens it in Chromium and prints a table:
  stored → shown     another process writes a job; when does its card stand on an open page?
  done → playable    the worker hears "done"; when can the video be played on an open page?
  idle page          script runs (messages to Streamlit) of an open page in which nothing happens
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Page, WebSocket, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from jobs.database import Database  # noqa: E402
from jobs.gateway import REHEARSAL  # noqa: E402
from jobs.job import NewJob  # noqa: E402
from jobs.store import Store  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
IDLE_SECONDS = 15


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    folder = Path(tempfile.mkdtemp())
    port = _free_port()
    log = (folder / "server.log").open("w+")
    environment = {**os.environ, "DATA_DIR": str(folder), "SANDBOX_SECONDS": "1 1"}
    environment.pop("GROK_API_KEY", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        _wait(port)
        store = Store(Database(f"sqlite:///{folder / 'rehearsal' / 'studio.sqlite3'}"), REHEARSAL)
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page()
            frames: list[float] = []
            page.on("websocket", lambda socket: _count(socket, frames))
            _sign_in(page, port)
            shown, playable = [], []
            for number in range(rounds):
                one, two = _round(page, store, number, folder / "server.log")
                shown.append(one)
                playable.append(two)
            before = len(frames)
            page.wait_for_timeout(IDLE_SECONDS * 1000)
            idle = len(frames) - before
            browser.close()
    finally:
        server.terminate()
        server.wait(40)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'':18}{'median':>9}{'p95':>9}{'max':>9}   rounds")
    for name, values in (("stored → shown", shown), ("done → playable", playable)):
        ordered = sorted(values)
        p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
        print(
            f"{name:18}{statistics.median(ordered):8.2f}s{p95:8.2f}s{ordered[-1]:8.2f}s{len(ordered):9}"
        )
    print(f"{'idle page':18}{idle} messages in {IDLE_SECONDS} s")


def _round(page: Page, store: Store, number: int, log: Path) -> tuple[float, float]:
    """Seconds from stored to shown, and from the worker's "done" to playable, of one video."""
    prompt = f"Round {number} of the measurement"
    job = store.enqueue(NewJob("demo", prompt, 1, "480p", "1:1"), prompt, time.time())
    stored = time.time()
    page.locator(f".st-key-box-{job.id}").wait_for()
    shown = time.time() - stored
    play = page.locator(f".st-key-play-{job.id} button")
    play.wait_for(timeout=60_000)
    play.click()
    page.wait_for_function(
        "() => { const v = document.querySelector('video'); return v && v.readyState >= 3 }"
    )
    ready = time.time()
    play.click()
    page.locator("video").wait_for(state="detached")
    line = re.search(rf"^(\S+ \S+) INFO jobs.poll: job {job.id}: done", log.read_text(), re.M)
    if line is None:
        raise SystemExit("the server's log does not tell when the worker heard of it")
    heard = datetime.strptime(line[1], "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp()
    return shown, ready - heard


def _count(socket: WebSocket, frames: list[float]) -> None:
    if "_stcore/stream" in socket.url:
        socket.on("framesent", lambda _payload: frames.append(time.time()))


def _sign_in(page: Page, port: int) -> None:
    page.goto(f"http://localhost:{port}/library")
    page.get_by_label("Username").fill("demo")
    page.get_by_label("Password", exact=True).fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("No videos yet").wait_for()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the studio did not start")


if __name__ == "__main__":
    main()
