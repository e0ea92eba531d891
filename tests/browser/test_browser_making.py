"""From a prompt or a picture to a video that plays and can be saved."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

from PIL import Image, ImageDraw
from playwright.sync_api import BrowserContext, expect

from jobs.job import State
from tests.browser.running import App, Person
from tests.browser.screens import (
    address_of,
    expect_loaded,
    expect_playable,
    generate,
    play,
    state_of,
)


def test_a_sentence_becomes_a_video_that_plays_and_is_saved(
    rehearsal: App, sign_in_as: Callable[..., BrowserContext], person: Person
) -> None:
    page = sign_in_as(person, accept_downloads=True).new_page()
    page.goto(rehearsal.url)
    page.get_by_role("radio", name="9:16").click()
    prompt = "A paper boat drifts down a rain gutter"
    found = generate(page, prompt)
    expect_playable(found)
    expect(found.get_by_text("Moderation passed").first).to_be_visible()

    expect_loaded(found.get_by_role("img", name=prompt))
    expect(found.locator("video")).to_have_count(0)  # one decoder at a time, and only when asked

    video = play(found)
    assert round(state_of(video)["duration"]) == 6

    (job,) = rehearsal.studio.store.all(person.name)
    assert (job.state, job.aspect_ratio, job.duration) == (State.DONE, "9:16", 6)
    kept = rehearsal.studio.archive.path(str(job.clip)).read_bytes()
    link = found.get_by_role("link", name="Download")
    saved = page.context.request.get(address_of(link))
    assert saved.headers["content-type"] == "video/mp4"
    assert saved.headers["content-disposition"].startswith("attachment; filename=")
    assert hashlib.sha256(saved.body()).hexdigest() == job.clip_sha256
    assert saved.body() == kept


def test_an_uploaded_picture_comes_to_life(
    rehearsal: App, sign_in_as: Callable[..., BrowserContext], person: Person
) -> None:
    page = sign_in_as(person).new_page()
    page.goto(f"{rehearsal.url}/picture")
    expect(page.get_by_text("Upload an image")).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        {"name": "boat.png", "mimeType": "image/png", "buffer": png(320, 240)}
    )
    expect_loaded(page.get_by_role("img", name="The picture as it will be sent"))

    found = generate(page, "The boat rocks gently")
    expect_playable(found)
    play(found)
    (job,) = rehearsal.studio.store.all(person.name)
    assert job.picture is not None
    assert job.image_url is None
    assert job.aspect_ratio is None  # the picture keeps its own shape


def test_a_linked_picture_comes_to_life(
    rehearsal: App, sign_in_as: Callable[..., BrowserContext], person: Person
) -> None:
    page = sign_in_as(person).new_page()
    page.goto(f"{rehearsal.url}/picture")
    address = "https://pictures.example.com/a boat.jpg".replace(" ", "%20")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Image URL").fill(address)
    found = generate(page, "The camera slowly zooms out")
    expect_playable(found)
    play(found)
    (job,) = rehearsal.studio.store.all(person.name)
    assert (job.picture, job.image_url) == (None, address)
    assert address not in asked  # only the model fetches it


def test_a_form_that_cannot_be_sent_says_why_and_asks_for_nothing(
    rehearsal: App, sign_in_as: Callable[..., BrowserContext], person: Person
) -> None:
    page = sign_in_as(person).new_page()
    page.goto(rehearsal.url)
    page.get_by_role("button", name="Generate video").click()
    expect(page.get_by_text("The prompt is empty")).to_be_visible()
    page.goto(f"{rehearsal.url}/picture")
    page.get_by_label("Prompt").fill("A prompt without its picture")
    page.get_by_role("button", name="Generate video").click()
    expect(page.get_by_text("Add a picture first")).to_be_visible()
    assert rehearsal.studio.store.all(person.name) == ()


def png(width: int, height: int) -> bytes:
    """A small drawing as PNG."""
    picture = Image.new("RGB", (width, height), "#d8c9a8")
    ImageDraw.Draw(picture).ellipse((width / 4, height / 4, width / 2, height / 2), "#3c6e8f")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
