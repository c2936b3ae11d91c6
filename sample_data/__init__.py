"""Generated data in the exact formats of the source: `generate` writes it, `songs` and `events` say what it is."""
