"""HTTP beside the screens: signed clips and posters, the session's cookie, live events, health."""
