"""What a right warehouse holds for a given source: an independent model of the tables, in plain Python.

Belongs here: the data contract once more, in the slowest and simplest form, from the records to the rows; nothing is
updated, everything is made anew. Does not: anything from the package or from `sql/` — a shared mistake would hide.

Faults of the text that it knows are lines that are no JSON and objects that do not end; all kinds of faults have
expectations of their own in `test_faults.py`.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

Row = tuple[Any, ...]

#: In the order of the tables: column -> field of the record and type (a width in bytes, `int` with bits, `float`).
EVENT = {
    "artist": ("artist", 1024), "auth": ("auth", 64), "first_name": ("firstName", 256), "gender": ("gender", 16),
    "item_in_session": ("itemInSession", "int64"), "last_name": ("lastName", 256), "length": ("length", "float"),
    "level": ("level", 32), "location": ("location", 512), "method": ("method", 16), "page": ("page", 64),
    "registration": ("registration", "float"), "session_id": ("sessionId", "int64"), "song": ("song", 1024),
    "status": ("status", "int32"), "ts": ("ts", "int64"), "user_agent": ("userAgent", 2048),
    "user_id": ("userId", "int64"),
}  # fmt: skip
SONG = {
    "num_songs": ("num_songs", "int32"), "artist_id": ("artist_id", 64),
    "artist_latitude": ("artist_latitude", "float"), "artist_longitude": ("artist_longitude", "float"),
    "artist_location": ("artist_location", 1024), "artist_name": ("artist_name", 1024),
    "song_id": ("song_id", 64), "title": ("title", 1024), "duration": ("duration", "float"), "year": ("year", "int32"),
}  # fmt: skip
#: What rules and keys compare; Redshift compares without trailing blanks, so there are none.
CODES = {"page", "auth", "level", "gender", "song_id", "artist_id"}
SONG_ROW = ("song_id", "title", "artist_id")  # and year, duration
SHOWN = r"(?!.*/[._])"  # no part of the key begins as hidden files do
DAY = re.compile(
    SHOWN + r"log_data/(?:(\d{4})/(\d{2})/(?:[^/]+/)*)?((\d{4})-(\d{2})-\d{2})-events[^/]*\.json(?:\.gz)?"
)
PREFIX = re.compile(SHOWN + r"song_data/([A-Z0-9])/([A-Z0-9])/(?:[^/]+/)*[^/]+\.json(?:\.gz)?")


class Fault(ValueError):
    """A record, or a whole object, that cannot be staged."""


def impossible(value: object = None) -> Any:
    raise Fault(f"no such value: {value}")


def tables(files: Mapping[str, bytes]) -> dict[str, list[Row]]:
    """Every table's rows, for the source made of these files (key -> content)."""
    events, songs, quarantined = [], [], []
    for key, content in files.items():
        match partition(key):
            case "events", day:
                staged, columns, where = events, EVENT, date.fromisoformat(day)
            case "songs", where:
                staged, columns = songs, SONG
            case _:
                continue
        for line, record in records(key, content):
            try:
                staged.append(faultless(typed(record, columns)) | {"partition": where})
            except Fault:
                quarantined.append((key, line))
    titles = winning_songs(songs)
    names = grouped(songs, "artist_id")
    plays = [play_row(play, titles, names) for play in winning_plays(events)]
    return {
        "staging.events": [tuple(e.values()) for e in events],
        "staging.songs": [tuple(s.values()) for s in songs],
        "sparkify.songplays": plays,
        "sparkify.users": users(events),
        "sparkify.songs": [(*map(s.get, SONG_ROW), s["year"] or None, s["duration"]) for s in titles],
        "sparkify.artists": artists(songs),
        "sparkify.time": [time_row(start) for start in {play[1] for play in plays}],
        "quarantine": quarantined,
    }


def partition(key: str) -> tuple[str, str] | None:
    """The data set and the day or prefix of a file; the day of a name may lie in the folder of its month or in none."""
    if match := DAY.fullmatch(key):
        year, month, day, *named = match.groups()
        return ("events", day) if [year, month] in ([None, None], named) else None
    match = PREFIX.fullmatch(key)
    return ("songs", match[1] + match[2]) if match else None


def records(key: str, content: bytes) -> Iterator[tuple[int | None, object]]:
    """The line on which each record ends, and its value or the fault."""
    packed = content.startswith(b"\x1f\x8b") or key.endswith(".gz")
    try:
        if packed and not content:
            impossible()
        data = gzip.decompress(content) if packed else content
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
            impossible()
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    except (OSError, EOFError, zlib.error, Fault):
        yield None, Fault("no gzip, or no UTF-8")
        return
    decoder = json.JSONDecoder(parse_constant=impossible)
    end = 0
    while (at := len(text) - len(text[end:].lstrip(" \t\r\n"))) < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
            if not isinstance(value, dict | list):  # a number may be how a line of junk begins
                impossible(value)
        # Junk reaches to the end of its line; an object or array that does not end, to the next line that begins one.
        except ValueError:
            to = re.compile({"{": r"\n\{", "[": r"\n[{\[]"}.get(text[at], r"\n")).search(text, at)
            value, end = Fault("no JSON"), to.start() if to else len(text)
        yield text[:end].rstrip().count("\n") + 1, value


def typed(record: object, columns: Mapping[str, tuple[str, int | str]]) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise Fault("no JSON object")
    row = {column: value_of(record.get(field), kind) for column, (field, kind) in columns.items()}
    return {column: trimmed(value) if column in CODES else value for column, value in row.items()}


def trimmed(value: Any) -> Any:
    """A value as Redshift compares it."""
    return value.rstrip(" ") if isinstance(value, str) else value


def size(value: str | None) -> int | None:
    """What tells equal values apart."""
    return None if value is None else len(value)


def value_of(value: Any, kind: int | str) -> Any:
    """A value as COPY puts it into a column: text stays as it is, '' in a number is null."""
    if value is None or (isinstance(value, str) and not value.strip() and isinstance(kind, str)):
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        if isinstance(kind, int):
            return text if "\0" not in text and len(text.encode()) <= kind else impossible(text)
        if kind == "float":
            return float(text)
        bound = 1 << int(kind[3:]) - 1
        return int(text) if -bound <= int(text) < bound else impossible(text)
    except ValueError as error:
        raise Fault(str(error)) from None


def faultless(row: dict[str, Any]) -> dict[str, Any]:
    """Some field has a value; a play has its user, who is logged in, its session, item and time (years 1 to 9999); a
    song has its two keys."""
    if set(row.values()) == {None}:
        raise Fault("nothing but nulls")
    if row.get("page") == "NextSong":
        keys = [row["user_id"], row["session_id"], row["item_in_session"], row["ts"]]
        if None in keys or row["auth"] != "Logged In" or not -62135596800000 <= row["ts"] <= 253402300799999:
            raise Fault("no such play")
    if "song_id" in row and not (row["song_id"] and row["artist_id"]):
        raise Fault("song without keys")
    return row


def high(*values: Any) -> Row:
    """Orders the greater value first and nulls last, for max()."""
    return tuple((value is not None, value) if value is not None else (False,) for value in values)


def low(*values: Any) -> Row:
    """Orders the smaller value first and nulls last, for min()."""
    return tuple((value is None, value) if value is not None else (True,) for value in values)


def grouped(rows: list[dict[str, Any]], *columns: str) -> list[list[dict[str, Any]]]:
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(map(row.get, columns))].append(row)
    return list(groups.values())


def winning_plays(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    content = "artist auth first_name gender last_name length level location method registration song status user_agent"
    shown = ("level", "location", "user_agent")

    def order(play: dict[str, Any]) -> Row:
        compared = (trimmed(play[column]) for column in content.split())
        return high(play["partition"], *compared, *(size(play[column]) for column in shown))

    plays = [event for event in events if event["page"] == "NextSong"]
    return [max(same, key=order) for same in grouped(plays, "user_id", "session_id", "item_in_session", "ts")]


def play_row(
    play: dict[str, Any], titles: list[dict[str, Any]], by_artist: list[list[dict[str, Any]]]
) -> Row:
    def same(one: str | None, other: str | None) -> bool:
        return one is not None and other is not None and one.rstrip(" ") == other.rstrip(" ")

    def distance(song: dict[str, Any]) -> Row:
        known = song["duration"] is not None and play["length"] is not None
        return low(abs(song["duration"] - play["length"]) if known else None, song["song_id"])

    named = {
        of[0]["artist_id"] for of in by_artist if any(same(s["artist_name"], play["artist"]) for s in of)
    }
    matches = [song for song in titles if same(song["title"], play["song"]) and song["artist_id"] in named]
    song = min(matches, key=distance) if matches else {"song_id": None, "artist_id": None}
    start = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None) + timedelta(milliseconds=play["ts"])
    rest = map(play.get, "session_id item_in_session location user_agent partition".split())
    who = (play["user_id"], play["level"], song["song_id"], song["artist_id"])
    key = "-".join(str(play[column]) for column in ("session_id", "item_in_session", "user_id", "ts"))
    return (key, start, *who, *rest)


def users(events: list[dict[str, Any]]) -> list[Row]:
    position = "ts session_id item_in_session partition level first_name last_name gender".split()
    columns = "user_id first_name last_name gender level".split() + position[:4]

    def order(event: dict[str, Any]) -> Row:
        compared = (trimmed(event[column]) for column in position)
        return high(*compared, size(event["first_name"]), size(event["last_name"]))

    known = [e for e in events if e["auth"] == "Logged In" and e["user_id"] is not None]
    return [tuple(map(max(own, key=order).get, columns)) for own in grouped(known, "user_id")]


def winning_songs(songs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def order(s: dict[str, Any]) -> Row:
        year = None if s["year"] is None else -s["year"]
        compared = (trimmed(s["title"]), s["artist_id"], trimmed(s["artist_name"]))
        return low(*compared, year, s["duration"], size(s["title"]))

    return [min(versions, key=order) for versions in grouped(songs, "song_id")]


def artists(songs: list[dict[str, Any]]) -> list[Row]:
    def row(s: dict[str, Any]) -> Row:
        name, place = (text if trimmed(text) else None for text in (s["artist_name"], s["artist_location"]))
        return (s["artist_id"], name, place, s["artist_latitude"], s["artist_longitude"])

    def order(s: dict[str, Any]) -> Row:
        _, name, *place = row(s)
        unknown = (value is None for value in place)
        return (
            *low(size(name)),
            *unknown,
            *low(s["song_id"], trimmed(name), *map(trimmed, place), size(place[0])),
        )

    return [row(min(own, key=order)) for own in grouped(songs, "artist_id")]


def time_row(start: datetime) -> Row:
    iso, weekday = start.isocalendar(), start.strftime("%A")
    return (start, start.hour, start.day, iso.week, start.month, start.year, weekday, iso.year)
