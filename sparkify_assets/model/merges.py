"""The merges: which files of `sql/` publish a batch, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparkify_assets.model.datasets import Dataset

#: The merges of a batch in order, each with the star table that it changes.
MERGES: Mapping[Dataset, Sequence[tuple[str, str | None]]] = {
    "events": (
        ("copy/incoming_plays", None),
        ("merge/staging_events", None),
        ("analyze/staging.events", None),
        ("merge/plays_of_days", None),
        ("merge/contested_plays", None),
        ("merge/songplays", "songplays"),
        ("merge/users", "users"),
        ("merge/time", "time"),
        ("analyze/sparkify.songplays", None),
        ("analyze/sparkify.users", None),
        ("analyze/sparkify.time", None),
    ),
    "songs": (
        ("merge/staging_songs", None),
        ("analyze/staging.songs", None),
        ("merge/songs", "songs"),
        ("merge/artists", "artists"),
        ("merge/song_titles", None),
        ("analyze/staging.song_titles", None),
        ("analyze/sparkify.songs", None),
        ("analyze/sparkify.artists", None),
        ("merge/plays_of_titles", None),
        ("merge/records_of_titles", None),
        ("merge/songplays", "songplays"),
    ),
}


#: The merges that need nothing but what has arrived, so that staging can run them before the load takes its lock.
BEFORE_THE_LOCK = frozenset({"copy/incoming_plays"})


#: The merges that a rebuild of the star leaves out: staging stays as it is, and every play is made once, with its day.
NOT_REBUILT = frozenset(
    {"merge/staging_events", "merge/staging_songs", "merge/plays_of_titles", "merge/records_of_titles"}
)


#: The merges that read older records or rows of the touched plays, within the time that these plays span.
BOUNDED_BY_TIME = frozenset(
    {"merge/contested_plays", "merge/records_of_titles", "merge/songplays", "merge/time"}
)
