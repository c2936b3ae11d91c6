"""The tables as data: what they hold, their keys and how they are looked up.

Belongs here: descriptions that Dagster, the README and the checks share. Does not: SQL, which is in `sql/ddl`; types
are read from there, so that they are written once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Dataset

#: The expressions by which merges find older rows. Redshift scans these columns; the local Redshift, which has no
#: columnar storage, builds an index for each when the filled table is first analyzed.
LOOKUPS: Mapping[str, Sequence[str]] = {
    "staging.events": ("event_date", "ts"),
    "staging.songs": ("song_prefix", "song_id", "artist_id"),
    "staging.song_titles": ("song_id",),
    "sparkify.songplays": ("start_time", "event_date"),
    "sparkify.users": ("user_id",),
    "sparkify.songs": ("song_id", "artist_id"),
    "sparkify.artists": ("artist_id",),
    "sparkify.time": ("start_time",),
}

#: The assets of each load, in the order in which they are made.
ASSETS: Mapping[Dataset, Sequence[str]] = {
    "events": ("staging_events", "users", "time", "songplays"),
    "songs": ("staging_songs", "songs", "artists"),
}


@dataclass(frozen=True)
class Table:
    """A table that an asset represents. `merge` is the file of `sql/` that writes it. `pii` says that it names people,
    or where they are.
    """

    name: str
    key: tuple[str, ...]
    group: str
    upstream: tuple[str, ...]
    merge: str
    description: str
    columns: Mapping[str, str]
    pii: bool = False

    @property
    def types(self) -> Mapping[str, str]:
        """Redshift's type of each column, as `sql/ddl` declares it."""
        return {name: text.removesuffix(" not null") for name, text in queries.columns(self.name).items()}


_SOURCE_EVENT = {
    "artist": "name of the song's artist, as the player knew it",
    "auth": "Logged In or Logged Out",
    "first_name": "the user's first name",
    "gender": "F or M",
    "item_in_session": "position of the event in its session, from 0",
    "last_name": "the user's last name",
    "length": "length of the song in seconds",
    "level": "the user's level at that moment: free or paid",
    "location": "where the user was: metropolitan area and state",
    "method": "HTTP method: GET or PUT",
    "page": "page of the app; NextSong is a play",
    "registration": "when the user registered, in milliseconds since 1970, UTC",
    "session_id": "the user's session",
    "song": "title of the song that was played",
    "status": "HTTP status",
    "ts": "when it happened, in milliseconds since 1970, UTC",
    "user_agent": "the browser's own description",
    "user_id": "the user; null where nobody is logged in",
    "event_date": "the day of the file that brought the event",
}

TABLES: Mapping[str, Table] = {
    "staging_events": Table(
        name="staging.events",
        key=(),
        group="staging",
        upstream=("log_data",),
        merge="merge/staging_events",
        description="Every event of the published days, as the source has it. A day is replaced whole.",
        columns=_SOURCE_EVENT,
        pii=True,
    ),
    "staging_songs": Table(
        name="staging.songs",
        key=(),
        group="staging",
        upstream=("song_data",),
        merge="merge/staging_songs",
        description="Every song record of the published prefixes, as the source has it. A prefix is replaced whole.",
        columns={
            "num_songs": "always 1 in the source",
            "artist_id": "the artist",
            "artist_latitude": "degrees north",
            "artist_longitude": "degrees east",
            "artist_location": "the location in words",
            "artist_name": "name of the artist as this song gives it",
            "song_id": "the song",
            "title": "title of the song",
            "duration": "length in seconds",
            "year": "year of publication; 0 where it is not known",
            "song_prefix": "the first two folders of the object's path",
        },
    ),
    "songplays": Table(
        name="sparkify.songplays",
        key=("songplay_id",),
        group="sparkify",
        upstream=("staging_events", "songs", "artists"),
        merge="merge/songplays",
        description=(
            "One row for each play: an event with page NextSong, identified by user_id, session_id,"
            " item_in_session and start_time. A play that was delivered more than once is the record with the greatest"
            " event_date. It is matched to a song by equal title and any name of the song's artist, the nearest"
            " duration among namesakes; an unmatched play keeps null ids."
        ),
        columns={
            "songplay_id": "session_id-item_in_session-user_id-ts, the key of the play in one",
            "start_time": "when the play began, UTC, to the millisecond",
            "user_id": "who played: users.user_id",
            "level": "the user's level at that moment",
            "song_id": "what was played: songs.song_id, null where no song matches",
            "artist_id": "whose song: artists.artist_id, null where no song matches",
            "session_id": "the user's session, as whoever wrote the log numbers it; users may share a number",
            "item_in_session": "position of the play in its session",
            "location": "where the user was",
            "user_agent": "the browser's own description",
            "event_date": "the day of the file that brought the winning record",
        },
        pii=True,
    ),
    "users": Table(
        name="sparkify.users",
        key=("user_id",),
        group="sparkify",
        upstream=("staging_events",),
        merge="merge/users",
        description=(
            "One row for each user, as the user's latest event with auth 'Logged In' has it, whatever order days came"
            " in (SCD1)."
        ),
        columns={
            "user_id": "the user",
            "first_name": "first name",
            "last_name": "last name",
            "gender": "F or M",
            "level": "free or paid, as of the latest event",
            "event_ts": "when the latest event happened, in milliseconds since 1970, UTC",
            "session_id": "session of the latest event",
            "item_in_session": "position of the latest event in its session",
            "event_date": "the day of the file that brought the latest event",
        },
        pii=True,
    ),
    "songs": Table(
        name="sparkify.songs",
        key=("song_id",),
        group="sparkify",
        upstream=("staging_songs",),
        merge="merge/songs",
        description="One row for each song. Where records disagree, a written order over their content decides.",
        columns={
            "song_id": "the song",
            "title": "title",
            "artist_id": "artists.artist_id",
            "year": "year of publication, null where it is not known",
            "duration": "length in seconds",
        },
    ),
    "artists": Table(
        name="sparkify.artists",
        key=("artist_id",),
        group="sparkify",
        upstream=("staging_songs",),
        merge="merge/artists",
        description=(
            "One row for each artist. Where songs disagree, the record with the shortest name wins, then the one that"
            " has a location, then the smallest song_id."
        ),
        columns={
            "artist_id": "the artist",
            "name": "name",
            "location": "the location in words",
            "latitude": "degrees north",
            "longitude": "degrees east",
        },
    ),
    "time": Table(
        name="sparkify.time",
        key=("start_time",),
        group="sparkify",
        upstream=("staging_events",),
        merge="merge/time",
        description="One row for each start_time of songplays, in its parts (UTC).",
        columns={
            "start_time": "songplays.start_time",
            "hour": "0 to 23",
            "day": "day of the month",
            "week": "ISO week, 1 to 53: the week of iso_year, not of year",
            "month": "1 to 12",
            "year": "year",
            "weekday": "English name of the day",
            "iso_year": "year of the ISO week, which is that of its Thursday: 2018-12-31 is in week 1 of 2019",
        },
    ),
}
