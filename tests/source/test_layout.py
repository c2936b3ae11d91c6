"""Which objects are data, which are hidden, and what a person is told of a source that is laid out otherwise."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import pytest

from sparkify_assets.model.datasets import Partition, beginnings_of, is_hidden, partition_of
from sparkify_assets.model.queries import rules
from sparkify_assets.source.changes import KnownPartition, SourceChanges, difference
from sparkify_assets.source.layout import layout_problems, unrecognised_source, why_unrecognised
from sparkify_assets.source.store import SourceObject

URL = "file:///srv/data"
DAY, SONG = "log_data/2018/11/2018-11-05-events.json", "song_data/A/B/C/TRABC.json"


def listed(*keys: str) -> SourceChanges:
    return difference([SourceObject(key, "1", 1) for key in keys], {})


@pytest.mark.parametrize(
    ("key", "partition"),
    [
        (DAY, Partition("events", "2018-11-05")),
        ("log_data/2018/11/more/2018-11-05-events-2.json.gz", Partition("events", "2018-11-05")),
        ("log_data/2018-11-05-events.json", Partition("events", "2018-11-05")),
        ("log_data/2018-11-05-events-2.json.gz", Partition("events", "2018-11-05")),
        ("log_data/2018/12/2018-11-05-events.json", None),
        ("log_data/2018/2018-11-05-events.json", None),
        ("log_data/more/2018-11-05-events.json", None),
        ("log_data/2018-11-31-events.json", None),
        ("2018-11-05-events.json", None),
        (SONG, Partition("songs", "AB")),
        ("song_data/A/B/._TRABC.json", None),
        ("song_data/A/B/.ipynb_checkpoints/TRABC-checkpoint.json", None),
        ("__MACOSX/song_data/A/B/TRABC.json", None),
        ("log_data/2018/11/_2018/2018-11-05-events.json", None),
        ("log_data/2018/11/2018-11-05-events caf\ufffd.json", None),
    ],
)
def test_where_an_object_belongs(key: str, partition: Partition | None) -> None:
    assert partition_of(key) == partition
    if partition is not None:
        assert any(key.startswith(beginning) for beginning in beginnings_of(partition))
        assert not is_hidden(key)


def test_hidden_files_are_counted_and_neither_data_nor_unrecognised() -> None:
    found = listed(
        DAY, SONG, ".DS_Store", "song_data/A/B/._TRABC.json", "__MACOSX/x.json", "log_data/_SUCCESS", "a.txt"
    )
    assert (found.hidden, found.unrecognised, found.listed_objects) == (4, ["a.txt"], 2)


def test_hidden_files_of_earlier_loads_go_without_a_loss() -> None:
    """71 AppleDouble files beside 71 songs, which an earlier edition loaded: more than a fifth of all."""
    songs = [f"song_data/A/A/A/TR{n}.json" for n in range(71)]
    hidden = [key.replace("/TR", "/._TR") for key in songs]
    only_hidden = {"log_data/2018/11/.ipynb_checkpoints/2018-11-06-events-checkpoint.json": "1"}
    known = {
        Partition("songs", "AA"): KnownPartition(
            "published", "b", rules(), dict.fromkeys([*songs, *hidden], "1")
        ),
        Partition("events", "2018-11-06"): KnownPartition("published", "b", rules(), only_hidden),
    }
    for listing in (songs, [*songs, *hidden]):
        found = difference([SourceObject(key, "1", 1) for key in listing], known)
        assert found.looks_incomplete is None
        assert (found.known.total(), found.gone.total()) == (71, 0)
        assert found.changed.keys() == known.keys(), "what was loaded of them is taken out"
        assert all(not change.deleted for change in found.changed.values())
    found = difference([SourceObject(key, "1", 1) for key in songs[:20]], known)
    assert found.looks_incomplete == "51 of 71 known objects are gone from the listing"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("log_data/2018/12/2018-11-05-events.json", "its day does not lie in log_data/2018/12/"),
        ("log_data/2018/11/2018-11-5-events.json", "does not begin as 2018-11-12-events"),
        ("log_data/2018/11/05/events.json", "does not begin as 2018-11-12-events"),
        ("log_data/2018/11/2018-11-06.json", "does not begin as 2018-11-12-events"),
        ("log_data/2018/11/2018-11-06-events.jsonl", "no .json or .json.gz"),
        ("log_data/2018/11/2018-11-06-Events.json", "does not begin as 2018-11-12-events"),
        ("song_data/A/x.json", "folder of two letters"),
        ("song_data/x.json", "folder of two letters"),
        ("song_data/a/a/a/x.json", "folder of two letters"),
        ("mini_sparkify_event_data.json", "neither in log_data/ nor in song_data/"),
        ("log_data/2018/11/2018-11-06-events caf\ufffd.json", "no UTF-8"),
    ],
)
def test_why_a_name_is_unrecognised(key: str, reason: str) -> None:
    assert listed(key).unrecognised == [key]
    assert reason in why_unrecognised(key)


@pytest.mark.parametrize(
    ("url", "keys", "told"),
    [
        (URL, [], "found nothing at all; expected log_data/2018/11/2018-11-12-events.json and song_data/"),
        (URL, [".DS_Store"], "found 1 hidden file; expected"),
        (URL, ["mini_sparkify_event_data.json"], "found mini_sparkify_event_data.json; expected"),
        (URL, [f"{n}.csv" for n in range(9)], "0.csv, 1.csv, 2.csv, 3.csv, 4.csv and 4 more"),
        (URL, [f"sparkify/{DAY}", f"sparkify/{SONG}"], "in sparkify/: set SPARKIFY_SOURCE=file:///srv/data/sparkify (2 files)"),
        ("s3://bucket", [f"a/b/{DAY}"], "set SPARKIFY_SOURCE=s3://bucket/a/b (1 file)"),
        (f"{URL}/log_data", ["2018/11/2018-11-05-events.json"], "is log_data/ itself: set SPARKIFY_SOURCE=file:///srv/data (1 file)"),
        (f"{URL}/log_data/2018", ["11/2018-11-05-events.json"], "is log_data/2018/ itself: set SPARKIFY_SOURCE=file:///srv/data (1 file)"),
        ("s3://bucket/song_data", ["A/B/C/TRABC.json"], "is song_data/ itself: set SPARKIFY_SOURCE=s3://bucket (1 file)"),
        (URL, ["log-data/2018-11-05-events.json", "log-data/2018-11-06-events.json"], "events are looked for in log_data/, found log-data/ (2 files)"),
        (URL, ["2018/11/2018-11-05-events.json"], "events are looked for in log_data/, found 2018/"),
        (URL, ["2018-11-05-events.json"], "events are looked for in log_data/, found 2018-11-05-events.json"),
        (URL, ["song-data/A/B/C/TRABC.json"], "songs are looked for in song_data/, found song-data/"),
    ],
)  # fmt: skip
def test_a_source_of_which_nothing_is_recognised(url: str, keys: list[str], told: str) -> None:
    said = unrecognised_source(listed(*keys), url)
    assert said
    assert said.startswith(f"{url} holds no object that can be loaded: ")
    assert told in said
    assert "expected log_data/2018/11/2018-11-12-events.json" in said


def test_one_data_set_that_is_laid_out_otherwise() -> None:
    found = listed(SONG, "log-data/2018-11-05-events.json")
    assert unrecognised_source(found, URL) is None
    assert layout_problems(found, URL) == ["events are looked for in log_data/, found log-data/ (1 file)"]
    assert layout_problems(listed(SONG, f"backup/{DAY}"), URL) == [
        "events are looked for in log_data/, found backup/log_data/ (1 file)"
    ]
    assert layout_problems(listed(DAY, SONG, "log-data/2018-11-05-events.json"), URL) == []
    assert layout_problems(listed(SONG, "notes.txt"), URL) == [], "songs alone are a source"
    assert layout_problems(listed(SONG, "tmp/A/B/x.json"), URL) == []


def test_a_source_whose_objects_are_known_is_not_refused_when_it_is_empty() -> None:
    known = {Partition("songs", "AB"): KnownPartition("published", "b", rules(), {SONG: "1"})}
    assert unrecognised_source(difference([], known), URL) is None


def test_a_listing_without_one_data_set_is_not_believed() -> None:
    """30 days beside 1,000 songs are less than a fifth of all objects, and all plays."""
    days = [f"log_data/2018-11-{day:02}-events.json" for day in range(1, 31)]
    songs = [f"song_data/A/B/C/TR{n}.json" for n in range(1000)]
    listing = [SourceObject(key, "1", 1) for key in [*days, *songs]]
    known = {
        partition: KnownPartition("published", "b", rules(), {item.key: "1" for item in items})
        for partition, items in difference(listing, {}).listed.items()
    }
    without = difference(listing[30:], known)
    assert without.looks_incomplete == "30 of 30 known objects of events are gone from the listing"
    assert difference(listing[6:], known).looks_incomplete is None, "6 of 30 may be deleted"
    assert difference(listing[19:], known).looks_incomplete == (
        "19 of 30 known objects of events are gone from the listing"
    )
    assert difference(listing, known).looks_incomplete is None
    renamed = [item._replace(key=item.key.replace("log_data/", "logs/")) for item in listing]
    assert difference(renamed, known).looks_incomplete == (
        "30 of 30 known objects of events are gone from the listing;"
        " files of their names lie where no data is looked for (30)"
    )
    other = difference([SourceObject("notes.txt", "1", 1)], known)
    assert other.looks_incomplete == "nothing that is listed is data, while the ledger knows 1,030 objects"


#: Five days and three songs.
FEW = [
    *(f"log_data/2018/11/2018-11-0{n}-events.json" for n in range(1, 6)),
    *(f"song_data/A/B/C/TR{n}.json" for n in range(3)),
]


def changed_to(*keys: str) -> str | None:
    """What is said of these keys where FEW was loaded."""
    known = {
        partition: KnownPartition("published", "b", rules(), {item.key: "1" for item in items})
        for partition, items in listed(*FEW).listed.items()
    }
    return difference([SourceObject(key, "1", 1) for key in keys], known).looks_incomplete


@pytest.mark.parametrize(
    ("former", "latter", "dataset", "files"),
    [
        ("log_data/2018/11/", "log_data/2018/nov/", "events", 5),
        ("log_data/", "_log_data/", "events", 5),
        ("-events.json", "-events.jsonl", "events", 5),
        ("song_data/", "tracks/", "songs", 3),
        ("song_data/A/B/C/", "song_data/A/B/C/._", "songs", 3),
    ],
)
def test_a_data_set_that_lies_in_plain_sight_is_not_deleted(
    former: str, latter: str, dataset: str, files: int
) -> None:
    assert changed_to(*(key.replace(former, latter) for key in FEW)) == (
        f"all known objects of {dataset} are gone from the listing;"
        f" files of their names lie where no data is looked for ({files})"
    )


def test_a_few_objects_that_are_nowhere_may_be_deleted() -> None:
    assert changed_to(*FEW[5:]) is None
    assert changed_to(*(key.replace(".json", "-2.json") for key in FEW)) is None, (
        "other objects of the same days"
    )
