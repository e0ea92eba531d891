"""The rehearsal's gateway: the sandbox, as a process of its own on a loopback port.

It keeps its jobs on disk and ends when this process does, however that ends; the next one finds
the jobs again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from settings import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Rehearsal:
    """A running sandbox and its address."""

    process: subprocess.Popen[str]
    url: str

    @classmethod
    def start(cls, folder: Path) -> Rehearsal:
        """Starts the sandbox with its jobs under `folder`. Raises ConfigurationError."""
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--exit-with-parent"]
        process = subprocess.Popen(  # noqa: S603 - our own module, no words of others
            [*command, "--state", str(folder.resolve())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = process.stdout.readline() if process.stdout else ""
        try:
            url = str(json.loads(line)["sandbox"])
        except (ValueError, KeyError):
            process.kill()
            raise ConfigurationError(
                "DATA_DIR: the rehearsal's gateway did not start; its own message stands above."
            ) from None
        return cls(process, url)

    def stop(self) -> None:
        """Ends the sandbox."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
