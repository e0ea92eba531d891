"""The command line: serve a sandbox and say where, in one JSON line."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import uvicorn

from sandbox.app import create_app
from sandbox.families import MODELS
from sandbox.faults import TAGS
from sandbox.options import Options, create_fault, model_names, poll_fault, span

GRACE = 0.7  # seconds for calls under way once it is told to end


def parser() -> argparse.ArgumentParser:
    tags = "\n".join(f"  {f'[{name}]':16}{tag.at}: {tag.means}" for name, tag in TAGS.items())
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A stand-in for the video gateway: real HTTP, real short mp4s, no cost."
        f" It has {', '.join(MODELS)}.",
        epilog=f"Tags in prompts, as [name] or [name:N]:\n{tags}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=8502, help="0 takes a free one (default: %(default)s)")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--state", type=Path, help="folder that keeps jobs and clips; survives a kill")
    add(
        "--seconds",
        nargs=2,
        type=float,
        metavar=("MIN", "MAX"),
        default=os.environ.get("SANDBOX_SECONDS", "5 10").split(),
        help="how long a video takes (default: $SANDBOX_SECONDS or 5 10)",
    )
    add("--key", help="the only valid key (default: any but wrong-key and bad…)")
    add(
        "--models",
        type=model_names,
        default=MODELS,
        metavar="A,B",
        help="those listed and open to use; the others answer 503 (default: all)",
    )
    add("--create-fault", type=create_fault, default={}, metavar="TAG", help="for every create")
    add("--poll-fault", type=poll_fault, default={}, metavar="TAG", help="for every job afterwards")
    add("--latency", type=float, default=0.0, metavar="S", help="seconds before every answer")
    add("--seed", type=int, help="makes the times of work repeatable")
    add("--shared-clips", action="store_true", help="one plain clip for all (load tests)")
    add("--body-limit", type=int, default=20 * 1024 * 1024, metavar="BYTES", help="then 413")
    add("--exit-with-parent", action="store_true", help="end when standard input is closed")
    return parser


class Server(uvicorn.Server):
    """Announces itself once it listens, and ends within a second of being told."""

    url = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = int(self.url.rpartition(":")[2])
        print(json.dumps({"sandbox": self.url, "port": port}), flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.end()

    def end(self) -> None:
        self.should_exit = True
        threading.Thread(target=self.end_anyway, daemon=True).start()

    def end_anyway(self) -> None:
        time.sleep(GRACE)
        self.force_exit = True
        time.sleep(0.2)
        os._exit(0)

    def end_with_parent(self) -> None:
        while sys.stdin.buffer.read(4096):
            pass
        self.end()


def main() -> None:
    args = parser().parse_args()
    try:
        seconds = span(args.seconds)
    except ValueError as error:
        parser().error(str(error))
    options = Options(
        state=args.state,
        seconds=seconds,
        key=args.key,
        create_faults=args.create_fault,
        poll_faults=args.poll_fault,
        latency=args.latency,
        seed=args.seed,
        shared_clips=args.shared_clips,
        body_limit=args.body_limit,
        models=args.models,
    )
    family = socket.AF_INET6 if ":" in args.host else socket.AF_INET
    listening = socket.create_server((args.host, args.port), family=family, backlog=512)
    host = f"[{args.host}]" if ":" in args.host else args.host
    app = create_app(options)
    config = uvicorn.Config(
        app, log_level="critical", access_log=False, timeout_graceful_shutdown=1
    )
    server = Server(config)
    server.url = f"http://{host}:{listening.getsockname()[1]}"
    if args.exit_with_parent:
        threading.Thread(target=server.end_with_parent, daemon=True).start()
    server.run(sockets=[listening])
    if app.state.passing:  # cut short, the app had no time to delete it
        shutil.rmtree(app.state.passing, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)  # a clip half rendered must not hold it up; jobs are on the disk


if __name__ == "__main__":
    main()
