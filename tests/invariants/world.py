"""A small world: a source of few files in which everything collides, and what the warehouse made of it.

Belongs here: records drawn from narrow pools, writing them as source files, reading the tables, cleaning them.
Does not: what the tables should hold (`oracle`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import psycopg2

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.results import BatchResult
from sparkify_assets.model.datasets import Partition, partition_of
from sparkify_assets.source.wrong import WrongSource
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import oracle

Record = dict[str, Any]
Files = dict[str, bytes]
Held = dict[str, Counter[Any]]

DAYS = [f"2018-11-{day:02}" for day in range(1, 8)]
PREFIXES = ["AA", "AB", "BA", "ZZ"]

#: The first millisecond of the first day (UTC).
START = 1541030400000

#: What a record may hold. The pools are narrow, so that plays are delivered twice, users tie, titles and names are
#: shared, and songs disagree; rare values stand beside common ones.
EVENTS: Mapping[str, Sequence[Any]] = {
    "artist": ["Ana", "Ana", "Ana ", "Bo", None],
    "auth": ["Logged In"] * 8 + ["Logged In ", "Logged Out", None],
    "firstName": ["Kim", "Kim ", "Lee", None],
    "gender": ["F", "F ", "M", None],
    "itemInSession": [0, 1, 2, 2, 3],
    "lastName": ["Ito", "Ito  ", "Orr"],
    "length": [100.5, 200.25, 150.0, None],
    "level": ["free", "paid", "paid "],
    "location": ["Leeds", "Leeds ", None],
    "method": ["PUT", "GET"],
    "page": ["NextSong", "NextSong", "NextSong ", "Home"],
    "registration": [1540919166796.0, None],
    "sessionId": [1, 2, 9],
    "song": ["Sun", "Sun", "Sun ", "Rain", None],
    "status": [200, 307],
    "ts": [
        START - 1,
        START,
        START + 796,
        START + 86_400_000,
        START + 86_400_000 * 3 + 5,
        START + 86_400_000 * 6,
    ],
    "userAgent": ["curl", "lynx"],
    "userId": ["1", "2", 2, "3", ""],
}
SONGS: Mapping[str, Sequence[Any]] = {
    "num_songs": [1],
    "artist_id": ["AR1", "AR2", "AR2 ", "AR3"],
    "artist_latitude": [None, 1.5, -2.25],
    "artist_longitude": [None, 7.125],
    "artist_location": ["", "  ", None, "Leeds", "Leeds ", "Oslo"],
    "artist_name": ["Ana", "Ana", "Ana ", "Bo", "Cy Twombly", "", " ", None],
    "song_id": ["SO1", "SO2", "SO3", "SO3 ", "SO4"],
    "title": ["Sun", "Sun", "Sun ", "Rain", None],
    "duration": [100.0, 101.0, 200.25, None],
    "year": [0, 1999, 2004, None],
}

#: Faults that end an object.
JUNK = [
    b'\n{"artist": ',
    b"\njunk",
    b"\n[1]",
    b'\n{"status": "x", "song_id": "\\"", "year": "x"}',
    b'\n{"page": "\\\\"}',
    b"\nnull",
    b"\n42",
    b'\n"a comment"',
    b'\n[{"page": "NextSong", "userId": "1"}]',
    b"\n{}",
    b'\n{"Records": [{"song_id": "SO1", "artist_id": "AR1"}], "userId": " "}',
    b'\n{"USERID": 1, "SONG_ID": "SO1"}',
]

#: What stands before the records of some objects: a byte order mark is none of them.
MARK = b"\xef\xbb\xbf"

#: Files that are no data by their names, wherever they lie.
HIDDEN = [
    ".DS_Store",
    "song_data/A/A/A/._TRAAA.json",
    "log_data/2018/11/.ipynb_checkpoints/2018-11-01-events-checkpoint.json",
    "log_data/2018/11/_2018/2018-11-02-events.json",
    "__MACOSX/log_data/2018/11/2018-11-01-events.json",
]

#: The tables in the order of the oracle's columns.
COLUMNS = {
    "staging.events": [*oracle.EVENT, "event_date"],
    "staging.songs": [*oracle.SONG, "song_prefix"],
    "sparkify.songplays": (
        "songplay_id start_time user_id level song_id artist_id session_id item_in_session location user_agent"
        " event_date"
    ).split(),
    "sparkify.users": (
        "user_id first_name last_name gender level event_ts session_id item_in_session event_date"
    ).split(),
    "sparkify.songs": "song_id title artist_id year duration".split(),
    "sparkify.artists": "artist_id name location latitude longitude".split(),
    "sparkify.time": "start_time hour day week month year weekday iso_year".split(),
}
QUARANTINE = """
    select q.object_key, q.position
    from ledger.quarantine as q
    join ledger.loads as l using (batch_id, dataset, partition_key)
    where l.state = 'published'
"""


#: Settings with which no share of refused records blocks a day, nor of rows that go: in a small world both are often
#: large.
PATIENT = {"reject_rows": 1_000_000, "max_drop": 1.0}


def drawn(pools: Mapping[str, Sequence[Any]], random: Random) -> Record:
    """One record with a value from each pool."""
    return {field: random.choice(values) for field, values in pools.items()}


def lines(records: Iterable[Record]) -> bytes:
    """Records as a file has them: one a line, no final line break."""
    return "\n".join(json.dumps(record) for record in records).encode()


def day_key(day: str, part: str = "") -> str:
    return f"log_data/{day[:4]}/{day[5:7]}/{day}-events{part}.json"


def song_key(prefix: str, name: str = "A") -> str:
    return f"song_data/{prefix[0]}/{prefix[1]}/{name}/TR{prefix}{name}.json"


def partition(key: str) -> str:
    """The day or prefix of a key of this world."""
    return key.split("/")[1] + key.split("/")[2] if key.startswith("song") else key.rpartition("/")[2][:10]


def random_files(
    random: Random,
    days: Sequence[str] = DAYS,
    prefixes: Sequence[str] = PREFIXES,
    worlds: Sequence[int] = (0,),
) -> Files:
    """A source: up to six records in each day's file, up to three in each prefix's; of each of these worlds, which
    share files and nothing else. Something of each file can be staged, for a gate keeps any other out.
    """
    files = {}
    for day in days:
        numbers = [number for number in worlds for _ in range(random.randint(1, 6))]
        records = [apart(drawn(EVENTS, random), number) for number in numbers]
        if not oracle.tables({day_key(day): lines(records)})["staging.events"]:
            records[0]["page"] = "Home"
        files[day_key(day)] = lines(records)
    for prefix in prefixes:
        numbers = [number for number in worlds for _ in range(random.randint(1, 3))]
        files[song_key(prefix)] = lines(apart(drawn(SONGS, random), number) for number in numbers)
    return files


def apart(record: Record, number: int) -> Record:
    """The same record with keys and names that only the world of this number has; that of 0 has them as they are."""
    moved = dict(record)
    for field in ("sessionId", "userId"):
        if record.get(field):
            moved[field] = int(record[field]) + 10 * number
    for field in ("song_id", "artist_id", "title", "artist_name", "song", "artist"):
        if number and record.get(field):
            moved[field] = f"{number}{record[field]}"
    return moved


def write(source: Path, files: Mapping[str, bytes]) -> None:
    for key, content in files.items():
        path = source / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def files_of(folder: Path) -> Files:
    """Key -> content of every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def remake(source: Path, files: Mapping[str, bytes]) -> None:
    """The source with these files and no others; what is the same already stays untouched."""
    there = files_of(source)
    for key in there.keys() - files.keys():
        (source / key).unlink()
    write(source, {key: content for key, content in files.items() if there.get(key) != content})


def load(
    loader: Loader, dataset: str, keys: Collection[str] | None = None, **choice: bool
) -> list[BatchResult]:
    try:
        return list(loader.load(dataset, keys, **choice))  # type: ignore[arg-type]
    except WrongSource:  # a source in which nothing is, and never was
        assert not any(partition_of(item.key) for item in loader.source.list())
        return []


def load_all(loader: Loader, **choice: bool) -> list[BatchResult]:
    """Songs, then events, as a run does."""
    return load(loader, "songs", **choice) + load(loader, "events", **choice)


def release_all(loader: Loader) -> Sequence[Partition]:
    """Publish what is blocked, as somebody does who accepts it; what that was."""
    blocked = digest(loader.warehouse).blocked
    for waiting in blocked:
        loader.publisher.release(waiting, "accepted")
    return blocked


def held(warehouse: Warehouse) -> Held:
    """Every row of every table, in one snapshot, by a connection of the test's own."""
    connection = psycopg2.connect(warehouse.url)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            found: Held = {}
            for table, columns in COLUMNS.items():
                cursor.execute(f"select {', '.join(columns)} from {table}")
                found[table] = Counter(cursor.fetchall())
            cursor.execute(QUARANTINE)
            found["quarantine"] = Counter(cursor.fetchall())
    finally:
        connection.close()
    return found


def assert_holds(warehouse: Warehouse, files: Mapping[str, bytes]) -> None:
    """Every table holds exactly the rows that the oracle derives from these files."""
    found = held(warehouse)
    for table, rows in oracle.tables(files).items():
        expected = Counter(rows)
        assert found[table] == expected, (
            f"{table}: too many {list((found[table] - expected).elements())[:5]},"
            f" missing {list((expected - found[table]).elements())[:5]}"
        )


#: Rejects and warnings of versions that are neither seen nor wait, and rows that wait for nothing.
LEFT_BEHIND = """
    select check_name
    from ledger.warnings as w
    left join ledger.loads as l using (batch_id, dataset, partition_key)
    where coalesce(l.state, '') not in ('published', 'blocked')
    union all
    select object_key
    from ledger.quarantine as q
    left join ledger.loads as l using (batch_id, dataset, partition_key)
    where coalesce(l.state, '') not in ('published', 'blocked')
    union all
    select partition_key
    from (
        select 'events' as dataset, event_date::text as partition_key, batch_id from incoming.events
        union all
        select 'songs', song_prefix, batch_id from incoming.songs
    ) as i
    left join ledger.loads as l using (batch_id, dataset, partition_key)
    where coalesce(l.state, '') <> 'blocked'
"""


def assert_reconciled(warehouse: Warehouse) -> None:
    """Every published partition: read = staged + quarantined, in the ledger and in the tables; and nothing is left of
    versions that have given way.
    """
    with psycopg2.connect(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute("""
            select dataset, partition_key, records_read, rows_staged, rows_quarantined,
                (select count(*) from ledger.quarantine as q where (q.batch_id, q.dataset, q.partition_key)
                    = (l.batch_id, l.dataset, l.partition_key)),
                case dataset
                    when 'events' then (select count(*) from staging.events where event_date::text = partition_key)
                    else (select count(*) from staging.songs where song_prefix = partition_key)
                end
            from ledger.loads as l
            where state = 'published'
        """)
        rows = cursor.fetchall()
        cursor.execute(LEFT_BEHIND)
        assert cursor.fetchall() == []
    connection.close()
    for dataset, key, read, staged, quarantined, in_quarantine, in_staging in rows:
        counts = (read, staged, quarantined, in_quarantine, in_staging)
        assert (read, staged, quarantined) == (in_staging + in_quarantine, in_staging, in_quarantine), (
            dataset, key, counts,
        )  # fmt: skip


def clean(warehouse: Warehouse) -> None:
    """Every table empty; faster than a new database. Runs past the project's own code."""
    with psycopg2.connect(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select format('delete from %I.%I', schemaname, tablename) from pg_tables"
            " where schemaname in ('incoming', 'staging', 'sparkify', 'ledger')"
        )
        cursor.execute(";".join(statement for (statement,) in cursor.fetchall()))
    connection.close()


def fresh_digest(warehouse: Warehouse, files: Mapping[str, bytes], folder: Path) -> str:
    """D of these files loaded at once into the warehouse, after cleaning it, whatever a gate says of them."""
    clean(warehouse)
    source = folder / "fresh-source"
    source.mkdir(parents=True, exist_ok=True)
    remake(source, files)
    loader = loader_for(warehouse, source, folder / "fresh-home", **PATIENT)
    load_all(loader)
    release_all(loader)
    return digest(warehouse).value


def told(done: int, of: int, what: str) -> None:
    """Say how far a long proof has come, where it is long."""
    if done == of or done % max(1, of // 120) == 0:
        print(f"{done} of {of} {what}", flush=True)  # noqa: T201 - a soak that is ended early says what it has done


def chunks(items: Sequence[Any], random: Random) -> Iterator[list[Any]]:
    """The items in their order, in groups of random size."""
    rest = list(items)
    while rest:
        size = random.randint(1, len(rest))
        yield rest[:size]
        rest = rest[size:]


def play(at: int = START, **changes: object) -> Record:
    """A play of Sun by Ana at this time, changed; its item in the session is the milliseconds since the start."""
    record = {field: values[0] for field, values in EVENTS.items()}
    return record | {"ts": at, "itemInSession": at - START} | changes


def song(**changes: object) -> Record:
    """The song Sun by Ana, changed."""
    record = {field: values[0] for field, values in SONGS.items()}
    return record | {"song_id": "SO1", "artist_id": "AR1", "title": "Sun", "artist_name": "Ana"} | changes


Step = tuple[str, Sequence[str]]


def steps_of(days: Sequence[str], prefixes: Sequence[str], random: Random) -> list[Step]:
    """Days in this order, in groups of random size, with the songs, in parts of random size, at random among them; one
    of the parts a second time."""
    steps: list[Step] = [("events", group) for group in chunks(days, random)]
    for group in chunks(random.sample(prefixes, len(prefixes)), random):
        steps.insert(random.randint(0, len(steps)), ("songs", group))
    steps.insert(random.randint(0, len(steps)), random.choice(steps))
    return steps


def load_in_order(loader: Loader, days: Sequence[str], prefixes: Sequence[str], random: Random) -> None:
    for dataset, keys in steps_of(days, prefixes, random):
        load(loader, dataset, keys, reload=random.random() < 0.2)


def states(loader: Loader) -> dict[str, str]:
    """What a load makes of the source: the state of each partition that it tried."""
    return {r.partition.key: r.state for result in load_all(loader) for r in result.partitions}


def tables(warehouse: Warehouse) -> dict[str, str]:
    """What readers see: the bytes of every row of the star and of staging, as the server writes them."""
    with psycopg2.connect(warehouse.url) as connection, connection.cursor() as cursor:
        found = {}
        for table in [*COLUMNS, "staging.song_titles"]:
            cursor.execute(f"select string_agg(r::text, chr(10) order by r::text) from {table} as r")
            found[table] = str(cursor.fetchall())
    connection.close()
    return found
