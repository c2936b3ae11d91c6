"""What a load says of its rows: inserted, updated if values differ, unchanged if they were made again, deleted."""

from __future__ import annotations

from pathlib import Path

from sparkify_assets.load.loader import Loader
from sparkify_assets.load.results import Changes
from tests.conftest import Admin, load_all
from tests.invariants import world
from tests.invariants.world import START, day_key, lines, play, song, song_key

ONE, TWO = world.DAYS[:2]
NONE = Changes()


def counted(
    loader: Loader, source: Path, *days: list[object], songs: list[object] | None = None
) -> dict[str, Changes]:
    """What a load of these days' records, and of these songs, says of each table."""
    files = {day_key(day): lines(records) for day, records in zip((ONE, TWO), days, strict=False)}
    files[song_key("AA")] = lines(songs or [song(), song(song_id="SO2", title="Rain")])
    world.remake(source, files)
    return {table: changes for result in load_all(loader) for table, changes in result.changes.items()}


def test_only_values_that_differ_are_updates(loader: Loader, source: Path) -> None:
    plays = [play(START + n, level="free", location="Here") for n in range(40)]
    first = counted(loader, source, plays)
    assert (first["songplays"], first["time"], first["users"]) == (Changes(40), Changes(40), Changes(1))

    changed = {**plays[0], "level": "paid"}
    corrected = counted(loader, source, [changed, *plays[1:]])
    assert corrected["songplays"] == Changes(updated=1, unchanged=39)
    assert corrected["users"] == Changes(unchanged=1), "the latest event is as it was"
    assert corrected["time"] == Changes(unchanged=40)

    blank = counted(loader, source, [changed, {**plays[1], "location": "Here "}, *plays[2:]])
    assert blank["songplays"] == Changes(updated=1, unchanged=39), "a trailing blank is a difference"

    shorter = counted(loader, source, [changed, *plays[2:], play(START + 50)])
    assert shorter["songplays"] == Changes(inserted=1, deleted=1, unchanged=39)
    assert shorter["time"] == Changes(inserted=1, deleted=1, unchanged=39)
    assert shorter["users"] == Changes(updated=1)


def test_a_song_and_the_plays_that_it_takes(loader: Loader, source: Path) -> None:
    counted(loader, source, [play(), play(START + 1, song="Rain")])
    renamed = counted(
        loader,
        source,
        [play(), play(START + 1, song="Rain")],
        songs=[song(), song(song_id="SO2", title="Hail")],
    )
    assert renamed["songs"] == Changes(updated=1, unchanged=1)
    assert renamed["artists"] == Changes(unchanged=1)
    assert renamed["songplays"] == Changes(updated=1), (
        "it has no song any more; the other play is not touched"
    )


def test_the_same_source_again_changes_nothing(loader: Loader, source: Path) -> None:
    counted(loader, source, [play(START + n) for n in range(9)], [play(START + 90_000_000)])
    again = {
        table: changes
        for result in load_all(loader, reload=True)
        for table, changes in result.changes.items()
        if changes != NONE
    }
    assert again == {
        "songs": Changes(unchanged=2),
        "artists": Changes(unchanged=1),
        "users": Changes(unchanged=1),
        "time": Changes(unchanged=10),
        "songplays": Changes(unchanged=10),
    }


def test_a_rebuilt_star_is_counted_against_the_one_that_stood(loader: Loader, source: Path) -> None:
    counted(loader, source, [play(START + n) for n in range(9)])
    with Admin(loader.warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute("update sparkify.songs set title = 'Sun ' where song_id = 'SO1'")
        cursor.execute(
            "delete from sparkify.time where start_time = (select min(start_time) from sparkify.time)"
        )
        cursor.execute("insert into sparkify.users (user_id, event_date) values (99, '2018-11-01')")
    assert loader.publisher.republish() == {
        "songs": Changes(updated=1, unchanged=1),
        "artists": Changes(unchanged=1),
        "users": Changes(unchanged=1, deleted=1),
        "time": Changes(inserted=1, unchanged=8),
        "songplays": Changes(unchanged=9),
    }
