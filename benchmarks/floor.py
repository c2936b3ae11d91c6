"""The yardstick: about the fastest loader of a star schema that somebody would write by hand for these files.

One transaction: DuckDB turns events to CSV, PostgreSQL copies and merges them, and a list of loaded files makes the
next run load only what is new. It has nothing else of what the project promises: no gates, no quarantine, no
corrections, no late matches, no names of what was lost, plays of the same key decided by time alone.

    python -m benchmarks.floor DSN SOURCE {bulk,keyed}

`bulk` declares no keys and deletes before it inserts: the faster one for a full load. `keyed` has primary keys and
upserts: the faster one for one more day. Prints one JSON object with `seconds`, `files`, `steps` and `tables`.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

TABLES = """
create table if not exists loaded (file text {key}, size bigint, mtime_ns bigint);
create table if not exists songplays (songplay_id text {key}, start_time timestamp, user_id text, level text,
    song_id text, artist_id text, session_id bigint, location text, user_agent text);
create table if not exists users (user_id text {key}, first_name text, last_name text, gender text, level text,
    ts bigint, position text);
create table if not exists songs (song_id text {key}, title text, artist_id text, artist_name text, year int,
    duration float8);
create table if not exists artists (artist_id text {key}, name text, location text, latitude float8,
    longitude float8);
create table if not exists time (start_time timestamp {key}, hour int, day int, week int, month int, year int,
    weekday int);
lock table loaded in exclusive mode;
"""

#: One JSON text a row: with a quote and a delimiter that do not occur, it is CSV.
COPY_JSON = r"copy song_texts from stdin with (format csv, quote e'\x01', delimiter e'\x02')"
NEW_SONGS = """
create temp table new_songs on commit drop as
select distinct on (j->>'song_id') j->>'song_id' as song_id, j->>'title' as title, j->>'artist_id' as artist_id,
    j->>'artist_name' as artist_name, j->>'artist_location' as location,
    (j->>'artist_latitude')::float8 as latitude, (j->>'artist_longitude')::float8 as longitude,
    (j->>'year')::int as year, (j->>'duration')::float8 as duration
from song_texts order by 1, j::text;
create temp table new_artists on commit drop as
select distinct on (artist_id) artist_id, artist_name, location, latitude, longitude
from new_songs order by artist_id, song_id;
"""
MERGE_SONGS = {
    "bulk": """
        delete from songs using new_songs n where songs.song_id = n.song_id;
        insert into songs select song_id, title, artist_id, artist_name, year, duration from new_songs;
        delete from artists using new_artists n where artists.artist_id = n.artist_id;
        insert into artists select * from new_artists;
        analyze songs;""",
    "keyed": """
        insert into songs select song_id, title, artist_id, artist_name, year, duration from new_songs
        on conflict (song_id) do update set title = excluded.title, artist_id = excluded.artist_id,
            artist_name = excluded.artist_name, year = excluded.year, duration = excluded.duration;
        insert into artists select * from new_artists
        on conflict (artist_id) do update set name = excluded.name, location = excluded.location,
            latitude = excluded.latitude, longitude = excluded.longitude;""",
}

EVENT_TYPES = {
    "artist": "varchar", "auth": "varchar", "firstName": "varchar", "gender": "varchar",
    "itemInSession": "bigint", "lastName": "varchar", "length": "double", "level": "varchar",
    "location": "varchar", "method": "varchar", "page": "varchar", "registration": "double",
    "sessionId": "bigint", "song": "varchar", "status": "bigint", "ts": "bigint", "userAgent": "varchar",
    "userId": "varchar",
}  # fmt: skip
PLAYS = """
create temp table plays (artist text, first_name text, gender text, item bigint, last_name text, length float8,
    level text, location text, session_id bigint, song text, ts bigint, user_agent text, user_id text) on commit drop
"""
EXTRACT_PLAYS = """
copy (
    select artist, firstName, gender, itemInSession, lastName, length, level, location, sessionId, song, ts,
        userAgent, userId
    from read_json('{source}', format = 'newline_delimited', columns = {types}) where page = 'NextSong'
) to '{csv}' (header false, nullstr '\\N')
"""
NEW_PLAYS = """
analyze plays;
create temp view new_users as
select distinct on (user_id) user_id, first_name, last_name, gender, level, ts,
    lpad(session_id::text, 12, '0') || lpad(item::text, 8, '0') as position
from plays where user_id <> '' order by user_id, ts desc, session_id desc, item desc;
create temp view new_times as
select t as start_time, extract(hour from t) as hour, extract(day from t) as day, extract(week from t) as week,
    extract(month from t) as month, extract(year from t) as year, extract(dow from t) as weekday
from (select distinct timestamp 'epoch' + ts * interval '1 ms' as t from plays) times;
create temp view new_songplays as
select md5(user_id || '|' || session_id || '|' || item || '|' || ts) as songplay_id,
    timestamp 'epoch' + ts * interval '1 ms', user_id, level,
    song_id, artist_id, session_id, location, user_agent
from (select distinct on (session_id, item, user_id, ts) * from plays order by session_id, item, user_id, ts) p
left join songs s on s.title = p.song and s.artist_name = p.artist and abs(s.duration - p.length) < 0.001;
"""
MERGE_PLAYS = {
    "bulk": """
        create temp table u on commit drop as select * from new_users;
        delete from u using users where u.user_id = users.user_id and (users.ts, users.position) >= (u.ts, u.position);
        delete from users using u where users.user_id = u.user_id;
        insert into users select * from u;
        insert into time select * from new_times n
        where not exists (select 1 from time t where t.start_time = n.start_time);
        create temp table p on commit drop as select * from new_songplays;
        delete from songplays using p where songplays.songplay_id = p.songplay_id;
        insert into songplays select * from p;""",
    "keyed": """
        insert into users select * from new_users
        on conflict (user_id) do update set first_name = excluded.first_name, last_name = excluded.last_name,
            gender = excluded.gender, level = excluded.level, ts = excluded.ts, position = excluded.position
        where (users.ts, users.position) < (excluded.ts, excluded.position);
        insert into time select * from new_times on conflict do nothing;
        insert into songplays select * from new_songplays on conflict (songplay_id) do nothing;""",
}

RECORD = {
    "bulk": "insert into loaded select * from new_files",
    "keyed": "insert into loaded select * from new_files on conflict (file) do update"
    " set size = excluded.size, mtime_ns = excluded.mtime_ns",
}
COUNT = """
select 'songplays', count(*) from songplays union all select 'users', count(*) from users
union all select 'songs', count(*) from songs union all select 'artists', count(*) from artists
union all select 'time', count(*) from time
"""


def load(dsn: str, source: Path, form: str) -> dict[str, Any]:
    """Load what is new in `source` into the database `dsn`; returns seconds by step, files and the star's rows."""
    steps: dict[str, float] = {}
    started = time.perf_counter()

    def done(step: str) -> None:
        steps[step] = round(time.perf_counter() - started - sum(steps.values()), 3)

    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLES.format(key="primary key" if form == "keyed" else ""))
        cursor.execute("select file, size, mtime_ns from loaded")
        known = {file: (size, mtime_ns) for file, size, mtime_ns in cursor}
        songs = new_files(source / "song_data", known)
        events = new_files(source / "log_data", known)
        done("list")
        if songs:
            stage_songs(cursor, [path for path, *_ in songs])
            cursor.execute(NEW_SONGS)
            cursor.execute(MERGE_SONGS[form])
            done("songs")
        if events:
            stage_plays(cursor, [path for path, *_ in events])
            done("stage")
            cursor.execute(NEW_PLAYS)
            cursor.execute(MERGE_PLAYS[form])
            done("merge")
        if songs or events:
            cursor.execute("create temp table new_files (like loaded) on commit drop")
            cursor.copy_expert("copy new_files from stdin", as_text(songs + events))
            cursor.execute(RECORD[form])
    seconds = time.perf_counter() - started
    done("commit")
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        rows: dict[str, int] = dict(cursor)
    return {"seconds": round(seconds, 3), "files": len(songs) + len(events), "steps": steps, "tables": rows}


def new_files(folder: Path, known: dict[str, tuple[int, int]]) -> list[tuple[str, int, int]]:
    """The files below `folder` that are new or have changed: path, size in bytes, time of change in ns."""
    found = []
    for parent, _, names in os.walk(folder):
        for path in (f"{parent}/{name}" for name in names if name.endswith(".json")):
            status = os.stat(path)
            if known.get(path) != (status.st_size, status.st_mtime_ns):
                found.append((path, status.st_size, status.st_mtime_ns))
    return sorted(found)


def stage_songs(cursor: Any, paths: Sequence[str]) -> None:
    """Copy the song files as they are into the temporary table song_texts."""
    cursor.execute("create temp table song_texts (j jsonb) on commit drop")
    texts = (Path(path).read_bytes().rstrip(b"\n") for path in paths)
    cursor.copy_expert(COPY_JSON, io.BytesIO(b"\n".join(texts)))


def stage_plays(cursor: Any, paths: Sequence[str]) -> None:
    """Copy the plays among the events of the files into the temporary table plays."""
    cursor.execute(PLAYS)
    with tempfile.TemporaryDirectory() as folder:
        csv = Path(folder) / "plays.csv"
        for path in paths:
            duckdb.execute(EXTRACT_PLAYS.format(source=path, types=EVENT_TYPES, csv=csv))
            with csv.open("rb") as rows:
                cursor.copy_expert("copy plays from stdin with (format csv, null '\\N')", rows)


def as_text(files: Sequence[tuple[str, int, int]]) -> io.StringIO:
    """The rows of `new_files` as COPY reads them."""
    return io.StringIO("".join(f"{path}\t{size}\t{mtime_ns}\n" for path, size, mtime_ns in files))


if __name__ == "__main__":
    dsn, source, form = sys.argv[1:]
    print(json.dumps(load(dsn, Path(source), form)))
