"""Trailing blanks mean nothing where Redshift compares text
(https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html), and they do where PostgreSQL compares it: the
tables are the same all the same.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from sparkify_assets.inspection.reconcile import reconcile
from sparkify_assets.load.loader import Loader
from tests.conftest import load_all
from tests.invariants import world
from tests.invariants.world import START, day_key, lines, play, song, song_key

DAY, OTHER = world.DAYS[:2]


def rows(loader: Loader, query: str) -> list[tuple[Any, ...]]:
    with loader.warehouse.transaction(lock=False) as transaction:
        transaction.cursor.execute(query)
        return transaction.cursor.fetchall()


def test_a_play_is_one_whatever_blanks_follow_its_words(loader: Loader, source: Path) -> None:
    odd = play(START + 1, page="NextSong  ", auth="Logged In ", level="paid ", gender="F ")
    world.write(source, {day_key(DAY): lines([odd, play(START + 2, page="Home ")])})
    results = load_all(loader)
    staged = "select page, auth, level, gender from staging.events order by item_in_session"
    assert rows(loader, staged)[0] == ("NextSong", "Logged In", "paid", "F")
    assert rows(loader, "select item_in_session, level from sparkify.songplays") == [(1, "paid")]
    assert not any(result.violations for result in results)
    assert reconcile(loader, deep=True) == []


def test_a_play_of_a_user_who_is_not_logged_in_is_refused_with_blanks_too(
    loader: Loader, source: Path
) -> None:
    odd = [
        play(START + 1, page="NextSong ", auth="Logged Out "),
        play(START + 2, page="NextSong ", userId=""),
        play(START + 3),
    ]
    world.write(source, {day_key(DAY): lines(odd)})
    load_all(loader)
    assert rows(loader, "select position, reason from ledger.quarantine order by position") == [
        (1, "play of a user who is not logged in"),
        (2, "play without user"),
    ]


def test_keys_of_songs_are_equal_without_their_blanks(loader: Loader, source: Path) -> None:
    songs = [
        song(song_id="SO1", title="Sun"),
        song(song_id="SO1 ", title="Sun"),
        song(song_id="  ", title="Sun"),
        song(song_id="SO2", artist_id=" "),
    ]
    world.write(
        source, {song_key("AA", f"TR{number}"): lines([record]) for number, record in enumerate(songs)}
    )
    load_all(loader)
    assert rows(loader, "select song_id from sparkify.songs") == [("SO1",)]
    assert sorted(rows(loader, "select reason from ledger.quarantine")) == [
        ("song without artist_id",),
        ("song without song_id",),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_of_equal_titles_and_names_the_number_of_blanks_decides(
    loader: Loader, source: Path, order: tuple[int, ...]
) -> None:
    """The shorter of a song's titles, as the smaller value wins there, and the longer of a user's names."""
    titles = ["Sun", "Sun ", "Sun  "]
    names = ["Kim", "Kim ", "Kim  "]
    world.write(
        source,
        {
            song_key("AA", f"TR{place}"): lines([song(song_id="SO1", title=titles[n])])
            for place, n in enumerate(order)
        }
        | {day_key(DAY): lines([play(START + 1, firstName=names[n], itemInSession=1) for n in order])},
    )
    load_all(loader)
    assert rows(loader, "select title from sparkify.songs") == [("Sun",)]
    assert rows(loader, "select first_name from sparkify.users") == [("Kim  ",)]


def test_a_smaller_artist_comes_before_fewer_blanks(loader: Loader, source: Path) -> None:
    """Titles that differ in blanks alone are equal, so what is compared next decides."""
    songs = [
        song(song_id="SO1", title="Sun", artist_id="AR2"),
        song(song_id="SO1", title="Sun ", artist_id="AR1"),
    ]
    world.write(
        source, {song_key("AA", f"TR{number}"): lines([record]) for number, record in enumerate(songs)}
    )
    load_all(loader)
    assert rows(loader, "select title, artist_id from sparkify.songs") == [("Sun ", "AR1")]


def test_blanks_are_no_name_and_no_place(loader: Loader, source: Path) -> None:
    songs = [
        song(song_id="SO1", artist_id="AR1", artist_name="  ", artist_location=" "),
        song(song_id="SO2", artist_id="AR1", artist_name="A long name", artist_location="Leeds"),
    ]
    world.write(
        source, {song_key("AA", f"TR{number}"): lines([record]) for number, record in enumerate(songs)}
    )
    load_all(loader)
    assert rows(loader, "select name, location from sparkify.artists") == [("A long name", "Leeds")]


@pytest.mark.parametrize(
    ("table", "column"),
    [("sparkify.artists", "name"), ("sparkify.songs", "title"), ("sparkify.users", "last_name"),
     ("sparkify.songplays", "location"), ("staging.events", "song"), ("staging.songs", "title")],
)  # fmt: skip
def test_a_blank_that_was_added_is_found(loader: Loader, source: Path, table: str, column: str) -> None:
    world.write(
        source,
        {
            day_key(DAY): lines([play(START + 1, location="Leeds")]),
            song_key("AA", "TR1"): lines([song(artist_location="Oslo")]),
        },
    )
    load_all(loader)
    with loader.warehouse.transaction() as transaction:
        transaction.cursor.execute(f"update {table} set {column} = {column} || ' '")
    kinds = {finding.kind for finding in reconcile(loader, deep=True)}
    assert {"missing", "surplus"} <= kinds
