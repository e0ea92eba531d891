"""Who may come in, and how we know them again: accounts, sessions, the throttle, signed links.

Never imports Streamlit itself, so that routes and the command line share it with the screens.
"""
