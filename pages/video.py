"""One video, at an address of its own: `/video?job=…`."""

import streamlit as st

import studio
from jobs.store import Page
from ui import cards, frame
from ui.i18n import _
from ui.session import Viewer, current_user

viewer = current_user()
if viewer is None:
    st.stop()

job_id = st.query_params.get("job", "")


def fetch(who: Viewer) -> Page:
    """The one job, if it is there and theirs."""
    return studio.current().store.one(who.name, job_id)


frame.heading(_("One video"), viewer)
shown = cards.show(viewer, fetch, alone=True)
if shown.jobs:
    with st.container(key="one_video"):
        cards.draw(viewer, shown)
else:
    st.info(_("There is no such video, or it is not yours."), icon=":material/search_off:")
st.page_link("../pages/library.py", label=_("Back to the library"), icon=":material/arrow_back:")
