"""Pictures of one's own: what is taken, what is refused and why, and what becomes of the file."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image

from jobs.archive import picture_name
from jobs.job import NewJob
from jobs.picture import prepare
from ui.refusals import _PICTURE


def picture(kind: str = "PNG", size: tuple[int, int] = (320, 180), colour: str = "navy") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind)
    return written.getvalue()


def upload(tab, name: str, data: bytes):
    tab.file_uploader[0].upload(name, data)
    tab.run()
    assert not tab.exception, [each.value for each in tab.exception]
    return tab


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_shown_and_sent(screens, kind):
    tab = upload(screens.tab("picture"), f"cat.{kind.lower()}", picture(kind))
    name = tab.session_state["picture_picture"]
    assert screens.studio.archive.has(picture_name(name))
    assert [image.proto.imgs[0].alt for image in tab.image] == ["The picture as it will be sent"]
    assert not tab.error
    tab.text_area("picture_prompt").set_value("it waves").run()
    tab.button("picture_send").click().run()
    (job,) = screens.rows()
    assert (job.picture, job.image_url, job.aspect_ratio) == (name, None, None)
    assert job.estimate_usd == pytest.approx(0.302)


def test_the_picture_outlives_a_refresh_and_page_changes(screens):
    tab = upload(screens.tab("picture"), "cat.png", picture())
    name = tab.session_state["picture_picture"]
    screens.go(tab, "library")
    screens.go(tab, "picture")
    assert len(tab.image) == 1
    fresh = screens.tab("picture")
    assert fresh.session_state["picture_picture"] == name
    assert len(fresh.image) == 1


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("notes.png", b"dear diary, " * 20, "not_a_picture"),
        ("empty.png", b"", "empty"),
        ("big.png", b"\x89PNG\r\n\x1a\n" + bytes(12_000_000), "too_large"),
        ("IMG_1.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "heic"),
        ("cat.gif", picture("GIF"), "other_format"),
        ("cat.jpg", picture("JPEG", (640, 480))[:900], "damaged"),
        ("dot.png", picture(size=(2, 2)), "too_small"),
        ("line.png", picture(size=(2000, 20)), "too_narrow"),
        ("vast.png", picture(size=(6000, 5000)), "too_many_pixels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_a_file_that_cannot_be_used_is_refused_with_its_own_sentence(screens, name, data, code):
    others = {sentence for other, sentence in _PICTURE.items() if other != code}
    assert _PICTURE[code] not in others
    tab = screens.tab("picture")
    tab.text_area("picture_prompt").set_value("it waves").run()
    upload(tab, name, data)
    assert len(tab.error) == 1
    start = _PICTURE[code].partition("{")[0]
    assert tab.error[0].value.startswith(start)
    assert "{" not in tab.error[0].value
    assert tab.text_area("picture_prompt").value == "it waves"
    assert tab.session_state["picture_picture"] is None
    assert not tab.image
    upload(tab, "cat.png", picture())
    assert not tab.error, "the next one is fine"


def test_a_refused_file_leaves_the_picture_before_it(screens):
    tab = upload(screens.tab("picture"), "cat.png", picture())
    name = tab.session_state["picture_picture"]
    upload(tab, "notes.png", b"dear diary, " * 20)
    assert tab.session_state["picture_picture"] == name
    assert len(tab.image) == 1


def test_a_refusal_goes_away_with_the_next_request(screens):
    tab = upload(screens.tab("picture"), "notes.png", b"dear diary, " * 20)
    tab.text_area("picture_prompt").set_value("it waves").run()
    tab.text_input("picture_image_url").set_value("https://pictures.test/cat.jpg").run()
    assert tab.error, "so far nothing better was offered"
    tab.button("picture_send").click().run()
    assert not tab.error
    assert len(screens.rows()) == 1


def test_a_full_disk_is_told(screens, monkeypatch):
    def full(name: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(screens.studio.archive, "put", full)
    tab = upload(screens.tab("picture"), "cat.png", picture())
    assert "could not be stored" in tab.error[0].value
    assert tab.session_state["picture_picture"] is None


def test_the_picture_can_be_removed(screens):
    tab = upload(screens.tab("picture"), "cat.png", picture())
    screens.label(tab, "Remove the picture").click().run()
    assert not tab.image
    assert screens.studio.store.draft("paula", "picture")["picture"] is None
    tab.text_area("picture_prompt").set_value("it waves").run()
    tab.button("picture_send").click().run()
    assert "Add a picture first" in tab.error[0].value
    assert not screens.rows()


def test_a_link_and_an_upload_together_are_one_too_many(screens):
    tab = upload(screens.tab("picture"), "cat.png", picture())
    tab.text_area("picture_prompt").set_value("it waves").run()
    tab.text_input("picture_image_url").set_value("https://pictures.test/dog.jpg").run()
    tab.button("picture_send").click().run()
    assert [error.value for error in tab.error] == [
        "There are two pictures: clear the link, or remove the upload."
    ]
    assert len(tab.image) == 1
    assert tab.text_input("picture_image_url").value == "https://pictures.test/dog.jpg"
    assert not screens.rows()


def test_a_picture_that_is_gone_is_asked_for_again_and_not_sent(screens):
    tab = upload(screens.tab("picture"), "cat.png", picture())
    tab.text_area("picture_prompt").set_value("it waves").run()
    screens.studio.archive.delete(picture_name(tab.session_state["picture_picture"]))
    tab.button("picture_send").click().run()
    assert "Add a picture first" in tab.error[0].value
    assert not screens.rows()
    tab.text_input("picture_image_url").set_value("https://pictures.test/dog.jpg").run()
    tab.button("picture_send").click().run()
    assert not tab.error
    assert len(screens.rows()) == 1


def test_a_picture_in_the_form_outlives_the_video_that_used_it(screens):
    tab = upload(screens.tab("picture"), "cat.png", picture())
    tab.text_area("picture_prompt").set_value("it waves").run()
    tab.button("picture_send").click().run()
    (job,) = screens.rows()
    screens.studio.store.cancel("paula", job.id, time.time())
    screens.open_more(tab, job)
    tab.button(f"delete-{job.id}").click().run()
    tab.button(f"really-{job.id}").click().run()
    assert not screens.rows()
    assert screens.studio.archive.has(picture_name(job.picture)), "the form still shows it"
    assert len(tab.image) == 1


def test_nobody_uploads_with_a_session_that_has_ended(screens):
    tab = screens.tab("picture")
    tab.file_uploader[0].upload("cat.png", picture())
    screens.sign_out()
    tab.run()
    assert not screens.studio.archive.has(picture_name(prepare(picture()).name))
    assert [field.key for field in tab.text_input] == ["username", "password"]


def test_a_picture_is_shown_to_the_person_alone(screens):
    upload(screens.tab("picture"), "cat.png", picture())
    screens.sign_in("peter")
    assert not screens.tab("picture").image


def test_the_same_picture_of_two_people_is_one_file(screens):
    first = upload(screens.tab("picture"), "a.png", picture()).session_state["picture_picture"]
    screens.sign_in("peter")
    second = upload(screens.tab("picture"), "b.png", picture()).session_state["picture_picture"]
    assert first == second
    new = NewJob("peter", "it waves", 6, "480p", picture=second)
    job = screens.studio.store.enqueue(new, "a", time.time())
    screens.studio.store.cancel("peter", job.id, time.time())
    tab = screens.tab("library")
    screens.open_more(tab, job)
    tab.button(f"delete-{job.id}").click().run()
    tab.button(f"really-{job.id}").click().run()
    assert screens.studio.archive.has(picture_name(first)), "it stands in both people's forms"
