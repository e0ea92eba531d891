"""The script behind every page: who is it, in which language, and which page."""

from pathlib import Path

import streamlit as st

import studio
from ui import frame, welcome
from ui.i18n import _
from ui.session import current_user, keep_apart

PAGES = Path(__file__).resolve().parent.parent / "pages"

st.set_page_config(
    page_title="Grok Video Studio",
    page_icon=str(PAGES.parent / "ui" / "frontend" / "icon.png"),
    layout="wide",
)
frame.style()

here = studio.current()
here.open_for_the_first_person()
viewer = None if here.closed else current_user()
if viewer is not None:
    keep_apart(viewer)
    frame.remember_language(viewer)

page = st.navigation(
    [
        st.Page(PAGES / "create.py", title=_("Create"), icon=":material/edit:", default=True),
        st.Page(
            PAGES / "picture.py",
            title=_("From a picture"),
            icon=":material/add_photo_alternate:",
            url_path="picture",
        ),
        st.Page(
            PAGES / "library.py",
            title=_("Library"),
            icon=":material/video_library:",
            url_path="library",
        ),
        st.Page(
            PAGES / "video.py",
            title=_("One video"),
            icon=":material/movie:",
            url_path="video",
            visibility="hidden",
        ),
    ],
    # All pages are registered even for strangers, so that the address they came for survives.
    position="top" if viewer is not None else "hidden",
)

if here.closed:
    welcome.closed(here.closed)
    st.stop()
if viewer is None:
    welcome.sign_in()
    st.stop()

if st.session_state.get("page") != page.url_path:
    # What was going on stays behind: a player would start by itself on the way back.
    st.session_state.update(page=page.url_path, playing=None, upload_refused=None)
frame.banners(viewer)
page.run()
