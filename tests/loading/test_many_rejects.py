"""Loads with any number of refused records: all are in quarantine with their text, in flat memory; and a partition with
more than COPY allows is blocked, while the others are loaded.
"""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sparkify_assets.load import quarantine as quarantine_module
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.quarantine import Reject, Rejects
from sparkify_assets.model.datasets import DATASETS
from tests.conftest import load_all
from tests.invariants import world
from tests.invariants.world import day_key, song_key

DAY, OTHER = world.DAYS[:2]
PLAY = {field: values[0] for field, values in world.EVENTS.items()}
SONG = {field: values[0] for field, values in world.SONGS.items()}

#: A record that is refused by the project's own parser, by the types of the server, or by a rule of the project.
REFUSED = {
    "events": {
        "client": PLAY | {"status": "x"},
        "server": PLAY | {"song": "z" * 2000},
        "rule": PLAY | {"userId": ""},
    },
    "songs": {
        "client": SONG | {"year": "x"},
        "server": SONG | {"title": "z" * 2000},
        "rule": SONG | {"song_id": ""},
    },
}
PARTITION = {"events": DAY, "songs": "AA"}
OBJECTS = 3


def lines(records: Iterable[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, records)).encode()


def key_of(dataset: str, number: int, partition: str = "") -> str:
    partition = partition or PARTITION[dataset]
    return day_key(partition, f"-{number}") if dataset == "events" else song_key(partition, f"S{number}")


def write(source: Path, dataset: str, kind: str, rejects: int, *, packed: bool) -> Counter[tuple[str, str]]:
    """Objects with so many records that are refused and as many that are not; key and text of each that is refused."""
    kinds = REFUSED[dataset]
    chosen = list(kinds.values()) if kind == "mixed" else [kinds[kind]]
    good = PLAY if dataset == "events" else SONG
    objects: list[list[dict[str, Any]]] = [[] for _ in range(OBJECTS)]
    expected: Counter[tuple[str, str]] = Counter()
    suffix = ".gz" * packed
    for number in range(rejects):
        record, place = chosen[number % len(chosen)], number % OBJECTS
        objects[place] += [record, good]
        expected[key_of(dataset, place) + suffix, json.dumps(record)] += 1
    for place, records in enumerate(objects):
        content = lines(records)
        world.write(
            source, {key_of(dataset, place) + suffix: gzip.compress(content, 1) if packed else content}
        )
    return expected


def in_quarantine(loader: Loader) -> list[tuple[Any, ...]]:
    with loader.warehouse.transaction(lock=False) as transaction:
        transaction.cursor.execute("select object_key, position, raw_record, reason from ledger.quarantine")
        return transaction.cursor.fetchall()


def states(loader: Loader) -> dict[str, tuple[str, int, int, int]]:
    with loader.warehouse.transaction(lock=False) as transaction:
        transaction.cursor.execute(
            "select partition_key, state, records_read, rows_staged, rows_quarantined from ledger.loads"
        )
        return {key: tuple(rest) for key, *rest in transaction.cursor.fetchall()}


CI = [
    *((dataset, kind, rejects, False)
      for dataset in DATASETS for kind in ("server", "mixed") for rejects in (1, 49, 50, 51)),
    *(("events", kind, 51, True) for kind in ("client", "server", "rule")),
    ("events", "mixed", 5000, True), ("songs", "mixed", 5000, False),
]  # fmt: skip
SOAK = [
    (dataset, kind, rejects, packed)
    for dataset in DATASETS for kind in (*REFUSED["events"], "mixed") for rejects in (5000, 99_999)
    for packed in (False, True)
]  # fmt: skip


@pytest.mark.parametrize(
    ("dataset", "kind", "rejects", "packed"),
    [*CI, *(pytest.param(*case, marks=pytest.mark.soak) for case in SOAK if case not in CI)],
)
def test_every_refused_record_is_in_quarantine_with_its_text(
    loader: Loader, source: Path, dataset: str, kind: str, rejects: int, packed: bool
) -> None:
    expected = write(source, dataset, kind, rejects, packed=packed)
    load_all(loader)
    rows = in_quarantine(loader)
    assert Counter((key, raw) for key, _, raw, _ in rows) == expected
    assert len({(key, position) for key, position, _, _ in rows}) == rejects
    assert all(position % 2 == 1 for _, position, _, _ in rows)  # a refused one, a good one, and so on
    [(_, read, staged, quarantined)] = states(loader).values()
    assert (read, staged, quarantined) == (2 * rejects, rejects, rejects)


@pytest.mark.parametrize("kind", ["server", pytest.param("client", marks=pytest.mark.soak)])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_partition_with_more_than_copy_allows_is_blocked_and_the_others_are_loaded(
    loader: Loader, source: Path, dataset: str, kind: str
) -> None:
    """copy-maxerror: at most 100,000. One COPY brings the songs of all prefixes, and one the events of
    each day of this size."""
    good = PLAY if dataset == "events" else SONG
    others = [OTHER] if dataset == "events" else ["AB"]
    for place in range(OBJECTS):
        world.write(source, {key_of(dataset, place): lines([REFUSED[dataset][kind]] * 33_334)})
    for number, other in enumerate(others):
        record = good if dataset == "events" else good | {"song_id": f"S{number}"}
        world.write(source, {key_of(dataset, 0, other): lines([record])})
    results = load_all(loader)
    found = states(loader)
    assert {key: state for key, (state, *_) in found.items()} == {
        PARTITION[dataset]: "blocked",
        **dict.fromkeys(others, "published"),
    }
    assert found[PARTITION[dataset]][2] == 0
    [blocked] = [item for result in results for item in result.partitions if item.state == "blocked"]
    [verdict] = [v for v in json.loads(blocked.verdict or "") if v["check"] == f"{dataset}_reject_share"]
    assert verdict["sample"][0]["reason"].startswith("COPY gave up: COPY: file:///")
    assert "MAXERROR 100000" in verdict["sample"][0]["reason"]
    assert load_all(loader) == []  # it waits for its source to change


def test_memory_does_not_grow_with_what_is_refused(loader: Loader, source: Path) -> None:
    """60 MB of refused records of a day, in objects of a megabyte."""
    record = REFUSED["events"]["server"] | {"more": "y" * 10_000}
    for number in range(50):
        world.write(source, {key_of("events", number): lines([record] * 100)})
    loader.warehouse.ensure_tables()
    tracemalloc.start()
    try:
        load_all(loader)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(in_quarantine(loader)) == 5000
    assert peak < 40 * 2**20, f"{peak / 2**20:.0f} MB"


@pytest.mark.parametrize("number", [0, 1, 499, 500, 501, 2000])
def test_rejects_come_back_as_often_as_they_are_asked_for(number: int) -> None:
    odd = ["x\ny", "\u2028", "z\\", "ä😀", "\x00", "", None]
    rejects = [Reject(f"k{n}", n, None, "why", odd[n % len(odd)]) for n in range(number)]
    kept = Rejects()
    for reject in rejects:
        kept.append(reject)
    assert len(kept) == number
    assert list(kept) == list(kept) == rejects


def test_rejects_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine_module.tempfile, "tempdir", str(tmp_path))
    kept = Rejects()
    for number in range(2000):
        kept.append(Reject("k", number, None, "why", "raw"))
    assert len(list(tmp_path.iterdir())) == 1
    del kept
    assert list(tmp_path.iterdir()) == []
