"""Create: a video from words."""

import streamlit as st

from ui import frame
from ui.cards import latest
from ui.i18n import _
from ui.request_form import request_form
from ui.session import current_user

viewer = current_user()
if viewer is None:
    st.stop()

frame.heading(_("What should be seen?"), viewer)
request_form("text", viewer)
latest(viewer)
