"""More than one model: which are offered, what they cost, and a Sora job from end to end."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from PIL import Image

import settings
from grok_api import MODELS, ApiError
from jobs.archive import picture_name
from jobs.framing import fit, still
from jobs.gate import CHECK_INTERVAL, MODELS_INTERVAL
from jobs.job import ENDED, NewJob, State
from jobs.models import DEFAULT, title, usable
from jobs.picture import PictureRefused
from jobs.pricing import estimate
from jobs.worker import worker_of
from tests.jobs.conftest import NUMBERS

GROK, SORA, PRO = "grok-imagine-video", "sora-2", "sora-2-pro"
RED, BLUE = (200, 0, 0), (0, 0, 200)


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Settings of nobody's but this test's."""
    monkeypatch.setattr(settings, "SECRETS_FILES", ())
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return lambda **values: settings.load(data_dir=tmp_path, **values)


# -- which are offered


@pytest.mark.parametrize(
    ("setting", "listed", "offered"),
    [
        ("", None, [GROK]),
        ("", [], [GROK]),
        ("", ["gpt-5", "sora", "sora-2-preview"], [GROK]),
        ("", ["grok-imagine-video-1.5"], [GROK]),
        ("", [SORA], [SORA]),
        ("", [PRO, "gpt-5", GROK, SORA], [GROK, SORA, PRO]),
        ("sora-2", [GROK], [SORA]),
        ("sora-2-pro, grok-imagine-video", None, [GROK, PRO]),
        ("+sora-2", None, [GROK, SORA]),
        ("+sora-2", [GROK], [GROK, SORA]),
        ("+sora-2", [GROK, SORA], [GROK, SORA]),
        (" +sora-2 , -grok-imagine-video,", [GROK], [SORA]),
        ("-sora-2,-sora-2-pro", list(MODELS), [GROK]),
        ("sora-2,sora-2-pro,-sora-2", [GROK], [PRO]),
        ("-grok-imagine-video", [GROK], [GROK]),
        ("sora-3", [GROK, SORA], [GROK]),
        ("+sora-3", [GROK], [GROK]),
        ("-sora-3,+,-", [GROK], [GROK]),
    ],
)
def test_what_is_offered(load, setting, listed, offered):
    assert usable(load(models=setting), listed) == tuple(offered)


def test_the_first_of_the_catalogue_is_what_is_meant_when_nothing_is_said():
    assert DEFAULT == GROK
    assert [title(model) for model in MODELS] == ["Grok Imagine Video", "Sora 2", "Sora 2 Pro"]
    assert title("a-model-of-last-year") == "a-model-of-last-year"


# -- what they cost


@pytest.mark.parametrize(
    ("model", "resolution", "seconds", "picture", "dollars"),
    [
        (GROK, "480p", 6, False, 0.30),
        (GROK, "720p", 15, True, 1.052),
        (SORA, "720x1280", 4, False, 0.40),
        (SORA, "1280x720", 12, True, 1.20),
        (PRO, "1280x720", 4, False, 1.20),
        (PRO, "1024x1792", 12, True, 6.00),
    ],
)
def test_an_estimate_by_the_list_prices(load, model, resolution, seconds, picture, dollars):
    assert estimate(load(), model, resolution, seconds, picture=picture) == pytest.approx(dollars)


def test_an_estimate_by_the_setting(load, monkeypatch):
    own = '{"sora-2": {"1280x720": 0.05, "picture": 0.01}, "grok-imagine-video": {"480p": 0}}'
    monkeypatch.setenv("PRICES", own)
    ours = load()
    assert estimate(ours, SORA, "1280x720", 4, picture=True) == pytest.approx(0.21)
    assert estimate(ours, SORA, "1280x720", 4, picture=False) == pytest.approx(0.20)
    assert estimate(ours, SORA, "720x1280", 4, picture=False) == pytest.approx(0.40), "as listed"
    assert estimate(ours, GROK, "480p", 6, picture=True) == pytest.approx(0.002)
    assert estimate(ours, PRO, "1280x720", 4, picture=True) == pytest.approx(1.20)


def test_prices_of_secrets_toml(load, monkeypatch, tmp_path):
    secrets = tmp_path / "secrets.toml"
    monkeypatch.setattr(settings, "SECRETS_FILES", (secrets,))
    for text in (
        "[PRICES.sora-2]\n1280x720 = 0.05\n",
        'PRICES = \'{"sora-2": {"1280x720": 0.05}}\'\n',
    ):
        secrets.write_text(text, encoding="utf-8")
        assert load().prices == {"sora-2": {"1280x720": 0.05}}


@pytest.mark.parametrize(
    "wrong",
    ["0.05", "{", '{"sora-2": 0.1}', '{"sora-2": {"1280x720": -1}}', '{"sora-2": {"x": "a"}}'],
)
def test_prices_that_are_none_stop_the_start(load, monkeypatch, wrong):
    monkeypatch.setenv("PRICES", wrong)
    with pytest.raises(settings.ConfigurationError, match=r"^PRICES: .*\.$"):
        load()


# -- pictures of exactly the size


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    """Red, with a blue stripe at each end of the longer side."""
    drawn = Image.new("RGB", (width, height), RED)
    long = max(width, height)
    for start in (0, long - long // 8):
        box = (start, 0, start + long // 8, height) if width >= height else None
        drawn.paste(BLUE, box or (0, start, width, start + long // 8))
    out = io.BytesIO()
    drawn.save(out, kind)
    return out.getvalue()


def near(pixel, colour) -> bool:
    return all(abs(one - other) < 60 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("framing", ["crop", "pad"])
@pytest.mark.parametrize("size", [(720, 1280), (1280, 720), (1024, 1792), (1792, 1024)])
@pytest.mark.parametrize("source", [(320, 180), (300, 700), (1280, 720), (2000, 2000)])
def test_a_picture_gets_exactly_the_pixels(source, size, framing):
    made = fit(picture(*source), *size, framing)
    with Image.open(io.BytesIO(made.data)) as opened:
        assert (opened.size, opened.format, opened.mode) == (size, "JPEG", "RGB")
    assert (made.width, made.height) == size
    assert made.name == fit(picture(*source), *size, framing).name, "the same each time"


def test_cropping_loses_the_edges_and_padding_keeps_them():
    source = picture(1280, 640)
    with Image.open(io.BytesIO(fit(source, 720, 1280, "crop").data)) as cropped:
        corners = [cropped.getpixel((x, y)) for x in (4, 715) for y in (4, 640, 1275)]
    assert all(near(pixel, RED) for pixel in corners), "no stripe is left"
    with Image.open(io.BytesIO(fit(source, 720, 1280, "pad").data)) as padded:
        middle = [padded.getpixel((x, 640)) for x in (4, 360, 715)]
    assert [near(pixel, BLUE) for pixel in middle] == [True, False, True]


@pytest.mark.parametrize("data", [b"", b"no picture", picture(64, 64)[:80], picture(64, 64, "GIF")])
def test_a_damaged_picture_is_refused(data):
    with pytest.raises(PictureRefused) as refused:
        fit(data, 720, 1280, "crop")
    assert refused.value.code == "damaged"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_still_becomes_a_poster(tmp_path, kind):
    path = tmp_path / "still"
    path.write_bytes(picture(1792, 1024, kind))
    still(path)
    with Image.open(path) as opened:
        assert (opened.format, opened.size) == ("WEBP", (640, 366))
    assert [each.name for each in tmp_path.iterdir()] == ["still"]


def test_what_is_no_still_is_refused(tmp_path):
    path = tmp_path / "still"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(PictureRefused):
        still(path)


# -- downloads


def test_the_video_whose_link_ends_first_is_fetched_first(both):
    now = both.clock.now
    ends = {"last": now + 86400, "first": now + 60, "second": now + 3600, "unsaid": None}
    jobs = {}
    for name, until in ends.items():
        job = both.ask(name)
        both.set(job, state=State.READY, video_url="https://x.test/v.mp4", link_until=until,
                 next_at=now - 1)  # fmt: skip
        jobs[job.id] = name
    waiting = both.ask("not yet")
    both.set(waiting, state=State.READY, link_until=now + 1, next_at=now + 30)
    order = []
    while found := both.claims.claim_downloads(now, 1):
        order += [jobs[job.id] for job in found]
    assert order == ["unsaid", "first", "second", "last"]


# -- a Sora job


def ask(rig, prompt: str = "a red kite", **more):
    words = f"{prompt} ({next(NUMBERS)})"
    values = {"duration": 4, "resolution": "1280x720", "model": SORA} | more
    new = NewJob("ada", words, values.pop("duration"), values.pop("resolution"), **values)
    return rig.store.enqueue(new, words, rig.clock.now)


def calls(gateway, job) -> list[tuple[str, str]]:
    """What the sandbox was asked about a job, in order: kind and result."""
    rows = gateway.book.rows(
        "SELECT calls.kind, calls.result FROM calls JOIN jobs ON calls.job = jobs.id"
        " WHERE jobs.prompt = ? ORDER BY number",
        job.prompt,
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("from_picture", [False, True], ids=["text", "picture"])
def test_a_sora_job_from_end_to_end(both, gateway, from_picture):
    rig, given = both, None
    if from_picture:
        framed = fit(picture(320, 180), 1280, 720, "pad")
        rig.archive.put(picture_name(framed.name), framed.data)
        given = framed.name
    job = ask(rig, picture=given)
    done = rig.until(job, State.DONE)
    assert calls(gateway, job) == [
        ("create", "accepted"), ("poll", "ended"), ("download", "sent"), ("thumbnail", "sent"),
    ]  # fmt: skip
    rows = gateway.book.rows("SELECT body, content_type FROM calls WHERE prompt = ?", job.prompt)
    ((body, content_type),) = rows
    assert content_type.startswith("multipart/form-data; boundary=")
    names = re.findall(rb'form-data; name="(\w+)"', body)
    assert set(names) == {b"model", b"prompt", b"seconds", b"size"} | (
        {b"input_reference"} if given else set()
    )
    if given:
        assert framed.data in body
    keys = gateway.book.rows("SELECT DISTINCT key FROM calls JOIN jobs ON calls.job = jobs.id"
                             " WHERE jobs.prompt = ?", job.prompt)  # fmt: skip
    assert len(keys) == 1
    assert keys[0][0], "the content is fetched with the key"
    assert (done.attempts, done.width, done.height, done.model) == (1, 1280, 720, SORA)
    assert done.link_until == pytest.approx(_due(gateway, job) + 3600, abs=2)
    assert done.video_seconds == pytest.approx(4, abs=0.2)
    with Image.open(rig.archive.path(str(done.poster))) as poster:
        assert (poster.format, poster.size) == ("WEBP", (640, 360))


def _due(gateway, job) -> float:
    return float(gateway.book.rows("SELECT due_at FROM jobs WHERE prompt = ?", job.prompt)[0][0])


class Without:
    """The client, but the still picture goes wrong."""

    def __init__(self, client, what) -> None:
        self._client, self._what = client, what

    def __getattr__(self, name):
        return getattr(self._client, name)

    def download_poster(self, done, path):
        if isinstance(self._what, Exception):
            raise self._what
        Path(path).write_bytes(self._what)


@pytest.mark.parametrize(
    "what",
    [ApiError("gone"), b"<html>", picture(2, 2), picture(900, 900)[:200]],
    ids=["refused", "no picture", "too small", "cut off"],
)
def test_without_a_still_the_poster_is_a_frame_of_the_clip(rig, gateway, what):
    rig.worker = rig.new_worker(client=Without(rig.client, what))
    done = rig.until(ask(rig), State.DONE)
    with Image.open(rig.archive.path(str(done.poster))) as poster:
        assert (poster.format, poster.size) == ("WEBP", (640, 360))
    assert not list((rig.archive.path(str(done.poster)).parents[1] / "incoming").iterdir())


@pytest.mark.parametrize(
    ("tag", "state"),
    [("[moderated]", State.MODERATED), ("[moderated400]", State.MODERATED),
     ("[nested]", State.MODERATED), ("[fail]", State.FAILED), ("[expired]", State.EXPIRED)],
)  # fmt: skip
def test_ends_of_a_sora_job(rig, gateway, tag, state):
    job = ask(rig, f"a kite {tag}", model=PRO, resolution="1024x1792")
    ended = rig.until(job, *ENDED)
    assert ended.state is state
    assert gateway.posts(job.prompt) == 1


def test_a_model_that_the_key_has_not_is_told(rig, gateway, only):
    only(GROK)
    ended = rig.until(ask(rig), State.FAILED)
    assert ended.reason == "not_offered"


# -- which models the key has


@pytest.fixture
def only(gateway):
    """Lets the gateway list these models alone."""
    yield lambda *names: gateway.set(models=list(names))
    gateway.set(models=None)


@pytest.fixture
def asked(gateway):
    """How often the models were asked for since the last look."""
    count = "SELECT COUNT(*) FROM calls WHERE kind = 'models'"
    seen = [gateway.book.rows(count)[0][0]]

    def since() -> int:
        seen.append(gateway.book.rows(count)[0][0])
        return int(seen[-1] - seen[-2])

    return since


def test_the_models_are_asked_for_every_ten_minutes_however_many_workers(both, asked, only):
    only(GROK, SORA)
    workers = [both.new_worker() for _ in range(5)]
    assert both.store.gateway_status().models is None
    for _ in range(3):
        for worker in workers:
            worker.run_once(both.clock.step(1))
    assert asked() == 1
    assert both.store.gateway_status().models == (GROK, SORA)
    for worker in workers:
        worker.run_once(both.clock.step(MODELS_INTERVAL / 10))
    assert asked() == 0
    both.clock.step(MODELS_INTERVAL)
    for worker in workers:
        worker.run_once(both.clock.now)
    assert asked() == 1


def test_screens_hear_of_other_models_only(both, asked, only):
    only(GROK)
    both.step()
    number, told = both.store.owners_changed_since(0)
    assert told == {"*"}
    both.step(MODELS_INTERVAL)
    assert asked() == 2
    number, told = both.store.owners_changed_since(number)
    assert told == frozenset(), "nothing new, nobody is told"
    only(SORA, GROK)
    both.step(MODELS_INTERVAL)
    assert both.store.owners_changed_since(number) == (number + 1, frozenset({"*"}))
    assert both.store.gateway_status().models == (GROK, SORA)


def test_the_models_can_be_asked_for_at_once(both, asked, only):
    both.step()
    assert asked() == 1
    only(SORA)
    both.store.ask_for_models(both.clock.now)
    both.step()
    both.step()
    assert asked() == 1
    assert both.store.gateway_status().models == (SORA,)


def test_a_start_asks_at_once(both, asked, only, load):
    both.step()
    only(SORA)
    both.worker = worker_of(load(), both.database, both.archive, "rehearsal", both.url, "key")
    both.worker.run_once(time.time() + 1)
    both.worker.stop()
    both.worker._check_lane.drain(5)
    assert asked() == 2
    assert both.store.gateway_status().models == (SORA,)


def test_what_is_known_stays_while_the_gateway_cannot_be_asked(both, gateway, only):
    only(GROK, SORA)
    both.step()
    gateway.set(key="another")
    both.step(MODELS_INTERVAL)
    assert both.store.gateway_status().models == (GROK, SORA)
    assert both.store.gateway_status().paused_kind is None, "looking holds nothing back"
    gateway.set(key=None)
    only(GROK)
    both.step(CHECK_INTERVAL)
    assert both.store.gateway_status().models == (GROK,), "asked again in a minute"
