"""The entry: `streamlit run app.py`. The parts are put together in `server/`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402 - our packages lie beside this file, wherever it is run from

from server.lifespan import lifespan  # noqa: E402
from server.routes import MIDDLEWARE, ROUTES  # noqa: E402

# The script is not this file's neighbour: a `pages/` folder beside the main script would make
# Streamlit run a deep-linked page without it, and so without its sign-in.
app = st.App(ROOT / "ui" / "router.py", lifespan=lifespan, routes=ROUTES, middleware=MIDDLEWARE)
