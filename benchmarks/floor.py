"""The yardstick: about the fastest loader of this star into PostgreSQL that somebody would write by hand.

One transaction: DuckDB makes the rows of each table while PostgreSQL copies them, and a list of loaded files makes the
next run load only what is new. It has nothing else of what the project promises: no checks, no quarantine, no
corrections, no songs that arrive after their plays, no names of what was lost.

    python -m benchmarks.floor DSN SOURCE {bulk,keyed}

`bulk` fills empty tables without keys: the faster form for a full load. `keyed` has primary keys and upserts: the
faster one for one more day. Prints one JSON object with `seconds` and the `rows` of the star.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from benchmarks.star import KEYS, ROWS, STAR, TABLES, File, new_files, stage

UPDATE = {
    "songs": "update set title = excluded.title, artist_id = excluded.artist_id, artist_name = excluded.artist_name,"
    " year = excluded.year, duration = excluded.duration",
    "artists": "update set name = excluded.name, location = excluded.location, latitude = excluded.latitude,"
    " longitude = excluded.longitude",
    "users": "update set first_name = excluded.first_name, last_name = excluded.last_name, gender = excluded.gender,"
    " level = excluded.level, ts = excluded.ts where users.ts <= excluded.ts",
    "loaded": "update set size = excluded.size, changed = excluded.changed",
}


def load(dsn: str, source: Path, form: str) -> dict[str, Any]:
    """Load what is new in `source` into the database `dsn`."""
    started = time.perf_counter()
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor, tempfile.TemporaryDirectory() as folder:
        for table, columns in TABLES.items():
            key = "primary key" if form == "keyed" else ""
            cursor.execute(f"create table if not exists {table} ({columns.format(key=key)})")
        cursor.execute("lock table loaded in exclusive mode")
        cursor.execute("select * from loaded")
        if files := new_files(source, {File(*row) for row in cursor}):
            duck = duckdb.connect()
            stage(duck, files, Path(folder))
            for table in TABLES:
                if table == "songplays":
                    fetch_songs(duck, cursor, Path(folder) / "songs.csv")
                (copy if form == "bulk" else upsert)(duck, cursor, table)
    seconds = time.perf_counter() - started
    rows = {}
    with connection.cursor() as cursor:
        for table in STAR:
            cursor.execute(f"select count(*) from {table}")
            rows[table] = cursor.fetchall()[0][0]
    return {"seconds": round(seconds, 3), "rows": rows}


def fetch_songs(duck: duckdb.DuckDBPyConnection, cursor: Any, path: Path) -> None:
    """Make PostgreSQL's songs the table known_songs of DuckDB."""
    with path.open("wb") as file:
        cursor.copy_expert("copy songs to stdout with (format csv, header)", file)
    duck.execute(
        f"create temp table known_songs as select * from read_csv('{path}', header = true, quote = '\"')"
    )


def copy(duck: duckdb.DuckDBPyConnection, cursor: Any, table: str, into: str = "") -> None:
    """Copy the new rows of a table while DuckDB makes them: it writes CSV into a pipe, which PostgreSQL reads."""
    reading, writing = os.pipe()

    def make() -> None:
        try:
            duck.execute(
                f"copy ({ROWS[table]}) to '/dev/fd/{writing}' (format csv, header false, use_tmp_file false)"
            )
        finally:
            os.close(writing)

    with ThreadPoolExecutor(1) as other, open(reading, "rb") as rows:
        made = other.submit(make)
        cursor.copy_expert(f"copy {into or table} from stdin with (format csv)", rows)
        made.result()


def upsert(duck: duckdb.DuckDBPyConnection, cursor: Any, table: str) -> None:
    """Insert the new rows of a table, and update those whose key is there already."""
    cursor.execute(f"create temp table new_{table} (like {table}) on commit drop")
    copy(duck, cursor, table, into=f"new_{table}")
    cursor.execute(
        f"insert into {table} select * from new_{table} on conflict ({KEYS[table]}) do {UPDATE.get(table, 'nothing')}"
    )


if __name__ == "__main__":
    print(json.dumps(load(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
