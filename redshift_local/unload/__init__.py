"""One UNLOAD: its statement, the files that it writes, and where they go."""
