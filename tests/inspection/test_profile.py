"""What a profile says of the files is what plain Python finds in them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from sparkify_assets.inspection.profile import Field, Profile, drift, last_profile, make_profile, profile
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.fields import expected_fields
from sparkify_assets.report.page import report_page
from sparkify_assets.source.sampling import unexpected
from sparkify_assets.source.urls import open_store
from tests.conftest import settings_for

Record = dict[str, Any]


@pytest.fixture(scope="module")
def records(reference: Path) -> list[Record]:
    return [
        json.loads(line)
        for path in sorted((reference / "log_data").rglob("*.json"))
        for line in path.read_text("utf-8").splitlines()
    ]


@pytest.fixture(scope="module")
def events(reference: Path) -> Profile:
    return profile("events", open_store(reference.as_uri()))


def fields_of(found: Profile) -> dict[str, Field]:
    return {item.name: item for item in found.fields}


def oddities_of(found: Profile) -> dict[tuple[str, str | None], int]:
    return {(oddity.rule, oddity.field): oddity.records for oddity in found.oddities}


def plain(value: Any) -> str:
    """A value as text, a number without the decimals that say nothing."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def doubly_encoded(text: str | None) -> bool:
    """Whether a part of the text is UTF-8 that was read as Latin-1: some letters of it can be taken back."""
    for length in (2, 3):
        for start in range(len(text or "")):
            part = (text or "")[start : start + length]
            try:
                if len(part) == length and len(part.encode("latin-1").decode("utf-8")) == 1:
                    return True
            except UnicodeError:
                continue
    return False


def test_the_counts_of_the_reference(events: Profile, reference: Path) -> None:
    expected = json.loads((reference / "reference.json").read_text("utf-8"))["events"]
    assert (events.objects, events.bytes, events.records, events.faults) == (
        expected["files"],
        expected["bytes"],
        expected["lines"],
        0,
    )
    fields = fields_of(events)
    assert fields["userId"].empty == expected["empty_user_id"]
    assert fields["userId"].distinct == expected["users_nonempty"]
    assert fields["sessionId"].distinct == expected["sessions"]
    assert fields["ts"].distinct == expected["distinct_ts"]
    assert dict(fields["page"].top)["NextSong"] == expected["next_song"]
    assert (events.unknown, events.missing) == ({}, [])


def test_each_field_is_as_in_the_files(events: Profile, records: list[Record]) -> None:
    fields = fields_of(events)
    assert fields.keys() == records[0].keys()
    for name, item in fields.items():
        values = [record[name] for record in records if record[name] is not None]
        texts = Counter(plain(value) for value in values if value != "")
        assert (item.present, item.filled, item.distinct) == (len(records), len(values), len(texts)), name
        assert item.types == {"text" if isinstance(values[0], str) else "number": len(values)}, name
        written = (v if isinstance(v, str) else json.dumps(v) for v in values)
        assert item.longest_bytes == max(len(text.encode()) for text in written), name
        assert (
            item.top
            == sorted(
                ((text, count) for text, count in texts.items() if count > 1),
                key=lambda pair: (-pair[1], pair[0].encode()),
            )[:5]
        ), name
        if name == "userId":
            assert (item.least, item.greatest) == ("2", "101")
        elif isinstance(values[0], str):
            assert (item.least, item.greatest) == (min(texts), max(texts)), name
        else:
            assert (float(item.least or 0), float(item.greatest or 0)) == (min(values), max(values)), name
            if item.histogram:
                assert sum(item.histogram) == len(values), name
                step = (max(values) - min(values)) / 12
                first = sum(value < min(values) + step for value in values)
                assert item.histogram[0] == first, name


def test_the_oddities_of_the_real_data(events: Profile, records: list[Record]) -> None:
    found = oddities_of(events)
    counted = {
        ("doubly encoded text", name): sum(doubly_encoded(record[name]) for record in records)
        for name in ("artist", "song")
    }
    either = sum(doubly_encoded(record["artist"]) or doubly_encoded(record["song"]) for record in records)
    assert either == 326  # as the reference tells
    for rule, number in counted.items():
        assert found.pop(rule) == number
    for name in ("artist", "song"):
        texts = [record[name] or "" for record in records]
        assert found.pop(("control characters", name)) == sum(
            any(c < " " or c == "\x7f" for c in t) for t in texts
        )
        ends = sum(t != t.strip(" ") for t in texts)
        assert found.pop(("spaces at an end", name), 0) == ends
    assert found == {}  # every session is without a gap, every event in the file of its day, no key twice


def test_songs_are_profiled_too(reference: Path) -> None:
    found = profile("songs", open_store(reference.as_uri()))
    fields = fields_of(found)
    assert (found.objects, found.records) == (71, 71)
    assert fields.keys() == expected_fields("songs").keys()
    assert (fields["song_id"].distinct, fields["artist_id"].distinct) == (71, 69)
    assert fields["title"].width == 1024


def test_a_bucket_has_the_profile_of_the_same_files(
    events: Profile, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="profiled")  # servers of one process share what they hold
        for path in (reference / "log_data").rglob("*.json"):
            key = f"raw/{path.relative_to(reference)}"
            client.put_object(Bucket="profiled", Key=key, Body=path.read_bytes())
        bucket = open_store("s3://profiled/raw")
        found = profile("events", bucket)
        assert unexpected("events", bucket, ["log_data/2018/11/2018-11-15-events.json"]) == []
        start = bucket.read_start("log_data/2018/11/2018-11-15-events.json", 100)
        assert start == next(reference.rglob("2018-11-15-events.json")).read_bytes()[:100]
    finally:
        server.stop()
    when = {"made_at": "", "seconds": 0.0}
    assert replace(found, **when) == replace(events, **when)


@pytest.fixture
def day(source: Path) -> Path:
    folder = source / "log_data/2018/11"
    folder.mkdir(parents=True)
    return folder / "2018-11-05-events.json"


EVENT: Record = {
    "artist": "A", "auth": "Logged In", "firstName": "F", "gender": "F", "itemInSession": 0, "lastName": "L",
    "length": 1.5, "level": "free", "location": "X", "method": "PUT", "page": "NextSong", "registration": 1.0,
    "sessionId": 7, "song": "S", "status": 200, "ts": 1541376000000, "userAgent": "U", "userId": "3",
}  # fmt: skip


def write(path: Path, *changes: Record) -> None:
    path.write_text("\n".join(json.dumps({**EVENT, **change}) for change in changes), "utf-8")


def test_what_is_odd_is_found_by_rule(day: Path, source: Path) -> None:
    write(
        day,
        {},
        {"itemInSession": 1, "song": 17, "level": "x" * 40},
        {"itemInSession": 1, "song": {"title": "S"}, "length": "long"},
        {"itemInSession": 4, "ts": 1541376000000 + 86_400_000},
    )
    with day.open("a") as file:
        file.write('\n[1, 2]\n{"cut": ')
    found = profile("events", open_store(source.as_uri()))
    assert found.records == 4
    assert oddities_of(found) == {
        ("a number where text is expected", "song"): 1,
        ("neither text nor number", "song"): 1,
        ("text where a number is expected", "length"): 1,
        ("longer than its column", "level"): 1,
        ("delivered more than once", None): 1,
        ("session with a gap", None): 1,
        ("in a file of another day", None): 1,
        ("not a record", None): 2,
    }
    examples = {oddity.rule: oddity.examples for oddity in found.oddities}
    assert examples["delivered more than once"] == ["7-1"]
    assert examples["session with a gap"] == ["7"]
    assert examples["in a file of another day"] == ["2018-11-06 in 2018-11-05"]
    assert all("2018-11-05-events.json" in place for place in examples["not a record"])


def test_unknown_and_missing_fields_are_named(day: Path, source: Path) -> None:
    records = [{**EVENT, "Song": "other case", "device": {"os": "<b>"}}, {**EVENT}]
    for record in records:
        del record["gender"]
    day.write_text("\n".join(map(json.dumps, records)), "utf-8")
    found = profile("events", open_store(source.as_uri()))
    assert found.missing == ["gender"]
    assert found.unknown == {
        "Song": '"other case" in log_data/2018/11/2018-11-05-events.json',
        "device": '{"os": "<b>"} in log_data/2018/11/2018-11-05-events.json',
    }
    fields = fields_of(found)
    assert (fields["device"].present, fields["device"].types) == (1, {"object": 1})
    assert (fields["song"].filled, fields["song"].top) == (2, [("S", 2)])
    other = fields["Song"]
    assert (other.present, other.filled, other.least) == (1, 1, "other case")


def test_packed_pretty_and_empty_objects_are_read_as_copy_reads_them(day: Path, source: Path) -> None:
    day.write_text(json.dumps(EVENT, indent=2) + json.dumps(EVENT) + "\n\n", "utf-8")
    day.with_name("2018-11-06-events.json.gz").write_bytes(gzip.compress(json.dumps(EVENT).encode()))
    day.with_name("2018-11-07-events.json.gz").write_bytes(b"no gzip")
    day.with_name("2018-11-08-events.json").write_bytes(b"")
    found = profile("events", open_store(source.as_uri()))
    assert (found.objects, found.records, found.faults) == (4, 3, 1)


def test_an_object_that_cannot_be_read_is_a_fault_and_the_rest_is_counted(day: Path, source: Path) -> None:
    before = profile("events", open_store(source.as_uri()))
    (day.parent / "2018-11-01-events-lost.json").symlink_to("nowhere.json")
    found = profile("events", open_store(source.as_uri()))
    assert (found.records, found.faults) == (before.records, before.faults + 1)
    assert any("a link to a file that is not there" in str(oddity.examples) for oddity in found.oddities)


def test_an_empty_source_has_a_profile(source: Path) -> None:
    found = profile("events", open_store(source.as_uri()))
    assert (found.records, found.missing, found.oddities) == (0, [], [])


def test_drift_names_what_moved(day: Path, source: Path, tmp_path: Path) -> None:
    settings = settings_for(source, tmp_path / "home")
    store = open_store(settings.source)
    assert last_profile(settings, "events") is None
    write(day, *({"itemInSession": n} for n in range(10)))
    assert make_profile(settings, store, "events").drift is None  # there is none to compare with
    assert make_profile(settings, store, "events").drift == []
    lines = [{**EVENT, "itemInSession": n, "level": "paid" if n < 3 else "free", "new": 1} for n in range(10)]
    for line in lines:
        del line["location"]
        line["length"] = "1.5"
    lines[0]["userAgent"] = None
    day.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    moved = make_profile(settings, store, "events")
    assert moved.drift == [
        "field location is gone",
        "length was number, is text",
        "level “free”: 100 % of the records before, 70 % now",
        "level “paid”: 0 % of the records before, 30 % now",
        "new field new",
        "userAgent filled: 100 % of the records before, 90 % now",
        "userAgent “U”: 100 % of the records before, 90 % now",
    ]
    assert last_profile(settings, "events") == moved
    assert drift(moved, moved) == []


def test_numbers_are_one_value_however_they_are_written(day: Path, source: Path) -> None:
    users: list[Any] = [39, "39", 39.0, "39", "101", "9", "", "", None]
    write(day, *({"itemInSession": n, "userId": user} for n, user in enumerate(users)))
    user = fields_of(profile("events", open_store(source.as_uri())))["userId"]
    assert (user.filled, user.empty, user.distinct) == (8, 2, 3)  # 9, 39, 101
    assert (user.least, user.greatest) == ("9", "101")
    assert user.top == [("39", 4)]
    assert user.types == {"text": 6, "number": 2}


def test_numbers_in_a_column_of_text_stay_as_they_are_written(day: Path, source: Path) -> None:
    write(day, *({"itemInSession": n, "song": song} for n, song in enumerate([7, "7", "7.0", "10", ""])))
    song = fields_of(profile("events", open_store(source.as_uri())))["song"]
    assert (song.distinct, song.least, song.greatest, song.top) == (3, "10", "7.0", [("7", 2)])


def test_numbers_too_great_for_a_double_stay_apart(day: Path, source: Path) -> None:
    write(day, *({"itemInSession": n, "status": 2**53 + n} for n in range(2)))
    assert fields_of(profile("events", open_store(source.as_uri())))["status"].distinct == 2


def test_a_no_break_space_is_no_blank(day: Path, source: Path) -> None:
    write(
        day,
        {"song": "voil\xc3\xa0"},
        {"itemInSession": 1, "song": "S\xa0"},
        {"itemInSession": 2, "song": "S "},
    )
    assert oddities_of(profile("events", open_store(source.as_uri())))["spaces at an end", "song"] == 1


def test_drift_sees_a_value_that_is_replaced_whole_and_no_other_way_to_write_it(
    day: Path, source: Path, tmp_path: Path
) -> None:
    settings = settings_for(source, tmp_path / "home")
    store = open_store(settings.source)
    write(day, *({"itemInSession": n, "registration": 1540919166796} for n in range(10)))
    make_profile(settings, store, "events")
    write(day, *({"itemInSession": n, "registration": 1540919166796.0} for n in range(10)))
    assert make_profile(settings, store, "events").drift == []
    write(day, *({"itemInSession": n, "registration": 1540919166796, "auth": "LOGGED_IN"} for n in range(10)))
    assert make_profile(settings, store, "events").drift == [
        "auth “LOGGED_IN”: 0 % of the records before, 100 % now",
        "auth “Logged In”: 100 % of the records before, 0 % now",
    ]


def test_a_value_that_leaves_the_most_frequent_has_not_gone(day: Path, source: Path, tmp_path: Path) -> None:
    settings = settings_for(source, tmp_path / "home")
    store = open_store(settings.source)
    methods = [name for name in "ABCDEF" for _ in range(10)]
    write(day, *({"itemInSession": n, "method": name} for n, name in enumerate([*methods, "E"])))
    make_profile(settings, store, "events")
    write(day, *({"itemInSession": n, "method": name} for n, name in enumerate([*methods, "F"])))
    assert make_profile(settings, store, "events").drift == []


def test_the_page_shows_the_profile_and_escapes_it(loader: Loader, day: Path) -> None:
    write(day, {"song": "<script>alert(1)</script>"}, {"itemInSession": 1, "<i>": 1, "song": "a\x19b"})
    make_profile(loader.settings, loader.source, "events")
    with loader.warehouse.reading() as transaction:
        page = report_page(transaction, loader.settings).html
    assert "There is no earlier profile to compare with" in page
    assert "<script>" not in page
    assert "&lt;i&gt;" in page
    assert "a\\x19b" in page
    assert "other fields than expected" in page
