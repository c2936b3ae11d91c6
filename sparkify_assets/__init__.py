"""Sparkify's warehouse as software-defined assets.

Objects land in S3 (`landing`), what is new is found (`arrivals`), each day of events and each prefix of songs is
loaded whole: incoming, audit, publish (`loading`, over the SQL of `sql/`), and shows as assets with their checks in
Dagster (`assets`, `checks`, `definitions`). `resources` holds what talks to the outside.
"""
