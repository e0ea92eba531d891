"""A stand-in for the video gateway: its API over real HTTP, real short mp4s, no cost.

It speaks for grok-imagine-video as the gateway's document has it, and for sora-2 and sora-2-pro;
`--models` names those that may be used.

It imports nothing of the rest of the project, so that it can disagree with a wrong client.

Run it with `python -m sandbox --port N`, or build the app in a test with `create_app(Options())`.
Prompts may carry tags such as `[429]`, `[moderated]` or `[drop]` (see `sandbox.faults`): each
makes that request meet an outcome, a fault or an odd shape. `python -m sandbox --help` and
`GET /` list them all; `GET /_sandbox/counts` tells every call that arrived.
"""

from sandbox.app import create_app
from sandbox.options import Options

__all__ = ["Options", "create_app"]
