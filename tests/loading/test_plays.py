"""What a play is, and what song it is of: sessions that people share, counters that start again, artists of several
names. The sources are written out; expected values are counted by hand.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from sparkify_assets.inspection.provenance import NoSuchPlay, why
from sparkify_assets.inspection.reconcile import reconcile
from sparkify_assets.load.loader import Loader
from sparkify_assets.model import queries
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, queries_of
from tests.invariants import world
from tests.invariants.world import START, day_key, lines, play, song, song_key

DAY = 86_400_000
ONE, TWO = world.DAYS[:2]


def rows(warehouse: Warehouse, query: str) -> list[tuple[object, ...]]:
    connection = warehouse.connect()
    with connection.cursor() as cursor:
        cursor.execute(query)
        found = cursor.fetchall()
    connection.close()
    return found


PLAYS = "select user_id, session_id, item_in_session, event_date::varchar from sparkify.songplays order by 1, 2, 3, 4"

#: Two users whose sessions have the same number, as generators that run side by side count them.
SHARED = [
    play(START + 10, sessionId=31, itemInSession=0, userId="32"),
    play(START + 20, sessionId=31, itemInSession=1, userId="32"),
    play(START + 15, sessionId=31, itemInSession=0, userId="100010", song="Rain"),
    play(START + 25, sessionId=31, itemInSession=1, userId="100010", song="Rain"),
]


def test_two_users_in_one_session_number_keep_their_plays(loader: Loader, source: Path) -> None:
    world.write(source, {day_key(ONE): lines(SHARED)})
    load_all(loader)
    assert rows(loader.warehouse, PLAYS) == [
        (32, 31, 0, ONE), (32, 31, 1, ONE), (100010, 31, 0, ONE), (100010, 31, 1, ONE),
    ]  # fmt: skip
    assert reconcile(loader, deep=True) == []


def test_a_later_day_takes_no_play_of_an_earlier_one(loader: Loader, source: Path) -> None:
    first = [play(START + n, sessionId=31, itemInSession=n, userId="32") for n in range(3)]
    second = [play(START + DAY + n, sessionId=31, itemInSession=n, userId="40") for n in range(3)]
    third = [play(START + DAY + 500 + n, sessionId=31, itemInSession=n, userId="32") for n in range(3)]
    world.write(source, {day_key(ONE): lines(first)})
    load_all(loader)
    world.write(source, {day_key(TWO): lines(second + third)})
    load_all(loader)
    by_day = (
        "select event_date::varchar, user_id, count(*) from sparkify.songplays group by 1, 2 order by 1, 2"
    )
    assert rows(loader.warehouse, by_day) == [(ONE, 32, 3), (TWO, 32, 3), (TWO, 40, 3)]


def test_the_same_play_of_two_days_is_one_row_of_the_later_day(loader: Loader, source: Path) -> None:
    once = play(START + 5, sessionId=7, itemInSession=3, userId="2")
    world.write(source, {day_key(ONE): lines([once]), day_key(TWO): lines([once, once | {"level": "paid"}])})
    load_all(loader)
    assert rows(loader.warehouse, "select event_date::varchar, level from sparkify.songplays") == [
        (TWO, "paid")
    ]
    (source / day_key(TWO)).unlink()
    load_all(loader)
    assert rows(loader.warehouse, "select event_date::varchar, level from sparkify.songplays") == [
        (ONE, "free")
    ]


@pytest.mark.parametrize(
    "changes", [{"userId": "3"}, {"sessionId": 8}, {"itemInSession": 4}, {"ts": START + 6}]
)
def test_each_part_of_the_key_tells_plays_apart(
    loader: Loader, source: Path, changes: dict[str, object]
) -> None:
    one = play(START + 5, sessionId=7, itemInSession=3, userId="2")
    world.write(source, {day_key(ONE): lines([one]), day_key(TWO): lines([one | changes])})
    load_all(loader)
    assert rows(loader.warehouse, "select count(*), count(distinct songplay_id) from sparkify.songplays") == [
        (2, 2)
    ]


def test_a_play_far_outside_its_day_finds_its_rival(loader: Loader, source: Path) -> None:
    """The range of time that is searched is that of the plays, not of the day that their file is named after."""
    stray = play(START - 40 * 365 * DAY, sessionId=7, itemInSession=3, userId="2")
    world.write(
        source, {day_key(ONE): lines([stray]), day_key(world.DAYS[5]): lines([play(START + 5 * DAY)])}
    )
    load_all(loader)
    world.write(source, {day_key(TWO): lines([stray | {"level": "paid"}, play(START + DAY)])})
    load_all(loader)
    assert rows(loader.warehouse, "select level from sparkify.songplays where session_id = 7") == [("paid",)]
    assert rows(loader.warehouse, "select count(*) from sparkify.songplays") == [(3,)]


def test_why_takes_an_id_and_a_place_that_one_play_has(loader: Loader, source: Path) -> None:
    alone = play(START + 99, sessionId=818, itemInSession=5, userId="15")
    world.write(source, {day_key(ONE): lines([*SHARED, alone])})
    load_all(loader)
    assert why(loader.warehouse, "818-5")["play"]["songplay_id"] == f"818-5-15-{START + 99}"
    assert why(loader.warehouse, f"31-0-32-{START + 10}")["play"]["user_id"] == 32
    with pytest.raises(NoSuchPlay) as raised:
        why(loader.warehouse, "31-0")
    assert str(raised.value) == f"31-0 names 2 plays: 31-0-32-{START + 10}, 31-0-100010-{START + 15}"
    with pytest.raises(NoSuchPlay, match="there is no play 31-7"):
        why(loader.warehouse, "31-7")


# --- the song of a play -------------------------------------------------------------------------------------------


def test_a_play_matches_any_name_of_the_artist(loader: Loader, source: Path) -> None:
    """AR1 is Elena, and for one song Elena feat. X: both are names of AR1."""
    world.write(
        source,
        {
            song_key("AA"): lines([song(song_id="SO1", title="One", artist_name="Elena")]),
            song_key("AB"): lines([song(song_id="SO2", title="Two", artist_name="Elena feat. X")]),
            day_key(ONE): lines(
                [
                    play(START + 1, song="Two", artist="Elena"),
                    play(START + 2, song="One", artist="Elena feat. X"),
                    play(START + 3, song="Two", artist="Elena feat. X"),
                    play(START + 4, song="Two", artist="Bo"),
                ]
            ),
        },
    )
    load_all(loader)
    matched = "select item_in_session, song_id, artist_id from sparkify.songplays order by 1"
    assert rows(loader.warehouse, matched) == [
        (1, "SO2", "AR1"), (2, "SO1", "AR1"), (3, "SO2", "AR1"), (4, None, None),
    ]  # fmt: skip
    world.assert_holds(loader.warehouse, world.files_of(source))
    rule = why(loader.warehouse, "1-2")["match"]
    assert rule == (
        "the one song of this title by an artist of this name; the artist goes by Elena, and by this name in another"
        " record"
    )
    assert why(loader.warehouse, "1-1")["match"] == "the one song of this title by an artist of this name"


def test_a_name_that_comes_or_goes_matches_older_plays_anew(loader: Loader, source: Path) -> None:
    world.write(
        source,
        {
            song_key("AA"): lines([song(song_id="SO1", title="One", artist_name="Elena")]),
            day_key(ONE): lines([play(START + 1, song="One", artist="Elena feat. X")]),
        },
    )
    load_all(loader)
    assert rows(loader.warehouse, "select song_id from sparkify.songplays") == [(None,)]
    world.write(
        source, {song_key("ZZ"): lines([song(song_id="SO9", title="Nine", artist_name="Elena feat. X")])}
    )
    load_all(loader)
    assert rows(loader.warehouse, "select song_id from sparkify.songplays") == [("SO1",)]
    (source / song_key("ZZ")).unlink()
    load_all(loader)
    assert rows(loader.warehouse, "select song_id from sparkify.songplays") == [(None,)]


# --- the weeks of a year's end --------------------------------------------------------------------------------------


def test_a_week_has_the_year_that_it_is_counted_in(loader: Loader, source: Path) -> None:
    """By ISO 8601: the week of 31 December 2018 is the first of 2019, that of 1 January 2016 the last of 2015."""
    weeks = {"2014-12-29": (1, 2015), "2016-01-01": (53, 2015), "2018-12-30": (52, 2018), "2018-12-31": (1, 2019),
             "2021-01-03": (53, 2020), "2024-12-30": (1, 2025), "2020-06-17": (25, 2020)}  # fmt: skip
    start = {day: int(datetime.fromisoformat(f"{day}T23:59:59+00:00").timestamp()) * 1000 for day in weeks}
    files = {
        day_key(day): lines([play(START + n, ts=start[day], sessionId=n)]) for n, day in enumerate(weeks)
    }
    world.write(source, files)
    loader.settings = replace(loader.settings, first_day=date(2014, 1, 1))
    load_all(loader)
    found = rows(
        loader.warehouse, "select start_time::date::varchar, week, iso_year from sparkify.time order by 1"
    )
    assert found == [(day, *week) for day, week in sorted(weeks.items())]


# --- the fingerprints of the rules --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("copy/incoming_events.sql", "'play without user'", "'play without a user'", {"staging"}),
        ("copy/log_json_path.json", "$['song']", "$['title']", {"staging"}),
        ("merge/staging_songs.sql", "where i.fault is null", "where i.fault is not null", {"staging"}),
        ("merge/users.sql", "event_date desc,", "event_date asc,", {"star"}),
        ("fragments.sql", "event_date desc,", "event_date asc,", {"star"}),
        ("fragments.sql", "-- delivery_order: A play", "-- delivery_order: One play", set()),
        (
            "ddl/staging.sql",
            "    page varchar(64),\n",
            "    page varchar(64),\n    device varchar(64),\n",
            {"staging", "star"},
        ),
        ("checks/{dataset}_row_drop.sql", "l.rows_staged = 0", "l.rows_staged <= 1", {"star"}),
        ("checks/songplays_match_rate.sql", "-- warn:", "-- block:", {"star"}),
        ("checks/songplays_match_rate.sql", ">= 100", ">= 10", {"star"}),
        (
            "merge/songplays.sql",
            "-- Makes the touched plays anew",
            "-- Makes anew the plays that were touched",
            set(),
        ),
        ("merge/songplays.sql", "left join titles as t on", "left   join\n    titles as t on", set()),
        ("copy/incoming_events.sql", "play without user", "play  without user", {"staging"}),
    ],
)
def test_a_change_of_meaning_changes_the_fingerprint_that_it_belongs_to(
    tmp_path: Path, file: str, old: str, new: str, changed: set[str]
) -> None:
    copy = shutil.copytree(queries.FOLDER, tmp_path / "sql")
    before = queries.rules()
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new), "utf-8")
    with queries_of(copy):
        after = queries.rules()
    assert {name for name in before._fields if getattr(before, name) != getattr(after, name)} == changed
