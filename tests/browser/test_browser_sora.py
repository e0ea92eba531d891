"""Sora from the form to a video that plays: in rehearsal, and at a gateway that is not ours."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from jobs.job import State
from tests.browser.conftest import CANARY_KEY, Complaints
from tests.browser.running import App, Person, until
from tests.browser.screens import (
    card,
    expect_loaded,
    expect_playable,
    generate,
    play,
    state_of,
)
from tests.browser.standin import standing_in
from tests.browser.standin_sora import SoraStandIn, fields_of, texts_of


def choose(page: Page, *names: str) -> None:
    """Chooses by what stands on the buttons, and waits for each."""
    for name in names:
        button = radio(page, name)
        button.click()
        expect(button).to_be_checked()


def radio(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name, exact=True)


def size_of(page: Page, size: str) -> None:
    """Chooses a size, on whose button there is a drawing, too."""
    button = page.get_by_role("radio", name=size)
    button.click()
    expect(button).to_be_checked()


def upload(page: Page, width: int, height: int) -> None:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#d8c9a8").save(out, "PNG")
    page.locator("input[type=file]").set_input_files(
        {"name": "boat.png", "mimeType": "image/png", "buffer": out.getvalue()}
    )
    expect_loaded(page.get_by_role("img", name="The picture as it will be sent"))


def shape_of(video: Locator) -> tuple[int, int]:
    width, height = video.evaluate("video => [video.videoWidth, video.videoHeight]")
    return width, height


# -- in rehearsal


def test_words_become_a_tall_video(
    rehearsal: App, sign_in_as: Callable[..., BrowserContext], person: Person
) -> None:
    page = sign_in_as(person).new_page()
    page.goto(rehearsal.url)
    choose(page, "Sora 2 Pro")
    expect(page.get_by_text("24 September 2026")).to_be_visible()
    expect(page.get_by_role("slider")).to_have_count(0)
    expect(radio(page, "4 s")).to_be_checked()
    size_of(page, "1024 × 1792")
    expect(page.get_by_text("about $2.00")).to_be_visible()
    found = generate(page, "A paper crane unfolds")
    expect_playable(found)
    video = play(found)
    assert shape_of(video) == (1024, 1792)
    assert round(state_of(video)["duration"]) == 4
    (job,) = rehearsal.studio.store.all(person.name)
    assert (job.model, job.resolution, job.aspect_ratio) == ("sora-2-pro", "1024x1792", None)


def test_a_picture_of_another_shape_comes_to_life(
    rehearsal: App, sign_in_as: Callable[..., BrowserContext], person: Person
) -> None:
    page = sign_in_as(person).new_page()
    page.goto(f"{rehearsal.url}/picture")
    choose(page, "Sora 2")
    expect(page.get_by_label("Image URL")).to_have_count(0)
    size_of(page, "1280 × 720")
    upload(page, 320, 300)
    choose(page, "Show all of it")
    found = generate(page, "The boat rocks gently")
    expect_playable(found)
    assert shape_of(play(found)) == (1280, 720)
    (job,) = rehearsal.studio.store.all(person.name)
    assert (job.model, job.resolution, job.duration) == ("sora-2", "1280x720", 4)
    assert job.attempts == 1


def test_a_blocked_and_a_failed_one_say_so(
    rehearsal: App, sign_in_as: Callable[..., BrowserContext], person: Person
) -> None:
    page = sign_in_as(person).new_page()
    page.goto(rehearsal.url)
    choose(page, "Sora 2")
    blocked = generate(page, "A kite nobody may see [moderated]")
    failed = generate(page, "A kite nobody can make [fail]")
    expect(blocked.get_by_text("The model's content check blocked this video")).to_be_visible()
    expect(blocked.get_by_text("Moderation blocked").first).to_be_visible()
    expect(failed.get_by_text("The model could not make this video")).to_be_visible()
    expect(failed.get_by_text("The gateway's answer:")).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_have_count(0)


def test_a_killed_server_goes_on(
    new_app: Callable[..., App],
    new_context: Callable[..., BrowserContext],
    complaints: Complaints,
) -> None:
    app = new_app().start()
    person = app.add_person("ada")
    context = new_context()
    context.add_cookies([app.cookie_of(person)])
    page = context.new_page()
    page.goto(app.url)
    choose(page, "Sora 2")
    prompt = "Rain on a tin roof [seconds:5]"
    generate(page, prompt)
    (job,) = app.studio.store.all(person.name)
    app.wait_for(person, job.id, State.PENDING)
    complaints.allow("ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket connection|_stcore")
    app.kill()
    app.start()
    page.goto(f"{app.url}/library")
    expect_playable(card(page, prompt))
    play(card(page, prompt))
    (after,) = app.studio.store.all(person.name)
    assert (after.state, after.attempts, after.model) == (State.DONE, 1, "sora-2")
    book = next((app.data_dir / "rehearsal" / "sandbox").rglob("sandbox.db"))
    with closing(sqlite3.connect(f"file:{book}?mode=ro", uri=True)) as database:
        counted = database.execute("SELECT COUNT(*) FROM calls WHERE kind = 'create'")
        assert counted.fetchone() == (1,)


# -- at a gateway that is not ours


@pytest.fixture
def gateway() -> Iterator[SoraStandIn]:
    with standing_in(CANARY_KEY, SoraStandIn) as standin:
        yield standin


def test_what_is_sent_how_often_and_to_whom(
    gateway: SoraStandIn,
    new_app: Callable[..., App],
    new_context: Callable[..., BrowserContext],
) -> None:
    """The key's list names Sora while somebody types; then one video from words, one from a picture."""
    app = new_app(
        GROK_API_KEY=CANARY_KEY, GROK_API_BASE_URL=gateway.api_url, POLL_INTERVAL="0.5"
    )  # fmt: skip
    person = app.add_person("ada")
    app.start()
    context = new_context()
    context.add_cookies([app.cookie_of(person)])
    page = context.new_page()
    page.goto(app.url)
    prompt = "A kite above a grey beach — 风筝"
    page.get_by_label("Prompt").press_sequentially(prompt[:6])
    until(lambda: app.studio.store.gateway_status().models, "the list of models")
    expect(radio(page, "Sora 2")).to_have_count(0)
    gateway.models += ["sora-2", "sora-2-pro"]
    app.studio.store.ask_for_models(0.0)
    expect(radio(page, "Sora 2")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_have_value(prompt[:6])
    page.get_by_label("Prompt").press_sequentially(prompt[6:])
    choose(page, "Sora 2 Pro", "12 s")
    expect(page.get_by_label("Prompt")).to_have_value(prompt)
    size_of(page, "1792 × 1024")
    gateway.redirects = True
    found = generate(page, prompt)
    expect_playable(found)
    expect_loaded(found.get_by_role("img", name=prompt))
    play(found)
    (post,) = gateway.posts
    wanted = {"model": "sora-2-pro", "prompt": prompt, "seconds": "12", "size": "1792x1024"}
    assert {name: data.decode() for name, (_, _, data) in fields_of(post).items()} == wanted

    gateway.redirects = False
    elsewhere = len(gateway.cdn_calls)
    page.goto(f"{app.url}/picture")
    choose(page, "Sora 2")
    size_of(page, "1280 × 720")
    upload(page, 500, 500)
    found = generate(page, "The camera slowly zooms out")
    expect_playable(found)
    play(found)
    _, post = gateway.posts
    fields = fields_of(post)
    assert set(fields) == {"prompt", "model", "seconds", "size", "input_reference"}
    assert (texts_of(post)["model"], texts_of(post)["seconds"]) == ("sora-2", "4")
    name, kind, data = fields["input_reference"]
    assert (name, kind) == ("input_reference.jpeg", "image/jpeg")
    with Image.open(io.BytesIO(data)) as sent:
        assert "x".join(map(str, sent.size)) == texts_of(post)["size"] == "1280x720"

    assert {call.path for call in gateway.posts} == {"/v1/videos"}
    assert {call.headers.get("authorization") for call in gateway.api_calls} == {
        f"Bearer {CANARY_KEY}"
    }
    assert len([call for call in gateway.api_calls if "thumbnail" in call.path]) == 2
    assert elsewhere > 0, "the redirect was followed"
    assert len(gateway.cdn_calls) == elsewhere, "without one nobody else is asked"
    for call in gateway.cdn_calls:
        assert "authorization" not in call.headers
        assert CANARY_KEY not in f"{call.path} {call.headers}"
    assert CANARY_KEY not in page.content()
    assert [job.attempts for job in app.studio.store.all(person.name)] == [1, 1]
