"""From a picture: a video whose first frame is a picture of one's own."""

import streamlit as st

from ui import frame
from ui.cards import latest
from ui.i18n import _
from ui.request_form import request_form
from ui.session import current_user

viewer = current_user()
if viewer is None:
    st.stop()

frame.heading(_("Bring a picture to life"), viewer)
request_form("picture", viewer)
latest(viewer)
