"""Made-up data in the exact formats of the source."""
