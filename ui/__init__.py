"""What screens share: session, language, the request form, job cards, live updates."""
