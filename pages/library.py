"""Library: everything the person has asked for, newest first."""

import streamlit as st

from ui import frame
from ui.adopt import adopt
from ui.cards import gallery
from ui.i18n import _
from ui.session import current_user
from ui.table import table

viewer = current_user()
if viewer is None:
    st.stop()

frame.heading(_("Library"), viewer)
views = {"cards": _("Cards"), "table": _("Table")}
with st.container(horizontal=True, vertical_alignment="center"):
    view = st.segmented_control(
        _("View"),
        list(views),
        default="cards",
        format_func=views.__getitem__,
        required=True,
        key="view",
        label_visibility="collapsed",
        persist_state="session",
    )
    if viewer.may_make:
        adopt(viewer)
if view == "table":
    table(viewer)
else:
    gallery(viewer)
