"""A load written by hand, as scripts for these data sets usually are: psycopg2, one connection string, tables dropped
and made anew, COPY of whole prefixes with CREDENTIALS, an insert with a join. Nothing of the project is used, and
nothing is known of the endpoint. `python -m tests.redshift.hand_written` loads what the variables of
`python -m tests.redshift` name.
"""

from __future__ import annotations

import os
import sys

import psycopg2

JSONPATHS = """
    {"jsonpaths": ["$.page", "$.userId", "$.sessionId", "$.song", "$.ts", "$.level"]}
"""
DROP = [
    "drop table if exists staging_events",
    "drop table if exists staging_songs",
    "drop table if exists songplay",
]
CREATE = [
    """create table staging_events (
        page varchar, user_id integer, session_id integer, song varchar, start_time timestamp sortkey,
        level varchar)""",
    """create table staging_songs (
        song_id varchar distkey, title varchar(max), artist_id varchar, artist_name varchar, year integer,
        duration double precision) diststyle key""",
    """create table songplay (
        songplay_id bigint identity(0, 1) primary key, start_time timestamp not null sortkey, user_id integer not null,
        level varchar, song_id varchar distkey, artist_id varchar, session_id integer)""",
]
COPY_EVENTS = """
    copy staging_events from '{source}/log_data'
    credentials 'aws_iam_role={role}' region 'us-west-2'
    format as json '{paths}'
    timeformat as 'epochmillisecs' compupdate off statupdate off;
"""
COPY_SONGS = """
    copy staging_songs from '{source}/song_data'
    iam_role '{role}' region 'us-west-2' json 'auto' truncatecolumns blanksasnull emptyasnull;
"""
INSERT = """
    insert into songplay (start_time, user_id, level, song_id, artist_id, session_id)
    select distinct e.start_time, e.user_id, e.level, s.song_id, s.artist_id, e.session_id
    from staging_events e left join staging_songs s on e.song = s.title
    where e.page = 'NextSong';
"""


def load(dsn: str, source: str, paths: str, role: str) -> dict[str, int]:
    """Run it; the rows of each table."""
    connection = psycopg2.connect(dsn)
    cursor = connection.cursor()
    copies = [text.format(source=source, paths=paths, role=role) for text in (COPY_EVENTS, COPY_SONGS)]
    for statement in [*DROP, *CREATE, *copies, INSERT]:
        cursor.execute(statement)
        connection.commit()
    counts = {}
    for table in ("staging_events", "staging_songs", "songplay"):
        cursor.execute(f"select count(*) from {table}")
        [(counts[table],)] = cursor.fetchall()
    connection.close()
    return counts


if __name__ == "__main__":
    named = [os.environ[name] for name in ("SPARKIFY_SOURCE", "REDSHIFT_JSONPATHS", "REDSHIFT_ROLE")]
    for table, rows in load("", *named).items():
        sys.stdout.write(f"{table:15} {rows:7,}\n")
