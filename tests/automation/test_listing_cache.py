"""The listing cache against sources that change in every way between polls, without Dagster or S3."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from sparkify_assets.defs import listing_cache
from sparkify_assets.defs.listing_cache import ListingCache
from sparkify_assets.model.datasets import Dataset, Partition, partition_of
from sparkify_assets.source.store import SourceObject
from tests.measure import peak_memory

DAYS = [f"2018-{month:02}-{day:02}" for month in (10, 11) for day in range(1, 6)]
KEYS: dict[Dataset, list[str]] = {
    "events": [
        f"log_data/{day[:4]}/{day[5:7]}/{folder}{day}-events{part}.json"
        for day in DAYS
        for folder in ("", "late/")
        for part in ("", "-2")
    ],
    "songs": [f"song_data/{a}/{b}/{c}/TR{c}{n}.json" for a in "AZ" for b in "AB" for c in "AB" for n in "12"],
}
STRAY = [
    "log_data/readme.txt",
    "log_data/2018/11/other.json",
    "song_data/list.json",
    "song_data/a/TR.json",
    "x",
]


class ListingBroke(RuntimeError):
    """What a listing raises that could not be completed."""


class Source:
    """Keys with versions, listed in the order of their bytes as S3 does; it can break on the way."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.versions: dict[str, int] = {}
        self.breaks = 0.0
        self.listed = 0

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        for key in sorted(self.versions, key=str.encode):
            if key.startswith(prefix) and key > after:
                if self.random.random() < self.breaks:
                    raise ListingBroke
                self.listed += 1
                yield SourceObject(key, f"v{self.versions[key]}", 1)

    def state(self, dataset: Dataset) -> dict[str, dict[str, int]]:
        """What a ledger should hold: partition -> key -> version."""
        state: dict[str, dict[str, int]] = {}
        for key, version in self.versions.items():
            partition = partition_of(key)
            if partition and partition.dataset == dataset:
                state.setdefault(partition.key, {})[key] = version
        return state


def change(source: Source, dataset: Dataset, random: Random) -> None:
    """One thing that happens to a source; versions come back too, as when a correction is taken back."""
    key = random.choice(KEYS[dataset] + STRAY)
    if random.random() < 0.3:
        source.versions.pop(key, None)
    else:
        source.versions[key] = random.randrange(3)


def poll(cache: ListingCache, source: Source, now: float, stops_after: int | None = None) -> bool:
    """Poll once, as far as the listing gets; return whether it went through."""
    left = iter(range(10_000 if stops_after is None else stops_after))
    try:
        cache.poll(source.list, now=now, patience=lambda: next(left, None) is not None)
    except ListingBroke:
        return False
    return True


def ask(cache: ListingCache, source: Source, ledger: dict[str, dict[str, int]]) -> set[str]:
    """Compare with a ledger what the cache asks for; return the partitions that are to be loaded."""
    compared = cache.to_compare()
    pending: set[str] = set()
    in_sync: list[SourceObject] = []
    for partition, prefixes in compared.items():
        listed = [
            item for prefix in prefixes for item in source.list(prefix) if partition_of(item.key) == partition
        ]
        assert len({item.key for item in listed}) == len(listed)
        if {item.key: int(item.version_token[1:]) for item in listed} == ledger.get(partition.key, {}):
            in_sync.extend(listed)
        else:
            pending.add(partition.key)
    cache.mark_in_sync([p for p in compared if p.key not in pending], in_sync)
    return pending


@pytest.mark.parametrize("dataset", ["events", "songs"])
@pytest.mark.parametrize("large", [False, True])
def test_whatever_happens_between_polls_nothing_is_missed_and_then_nothing_is_asked(
    dataset: Dataset, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(listing_cache, "LARGE", 5)
        monkeypatch.setattr(listing_cache, "MAX_OBJECTS", 4)
    for seed in range(150):
        random = Random(seed)
        source = Source(random)
        cache = ListingCache(dataset)
        ledger: dict[str, dict[str, int]] = {}
        now = 0.0
        for _ in range(40):
            for _ in range(random.randrange(4)):
                change(source, dataset, random)
            source.breaks = random.choice([0.0, 0.0, 0.05, 0.2])
            now += random.choice([5.0, 400.0, -1000.0])  # clocks are set back too
            poll(cache, source, now, stops_after=random.choice([None, 1, 2]))
            cache = ListingCache.from_json(cache.to_json())
            source.breaks = 0.0
            for key in sorted(ask(cache, source, ledger)):
                if random.random() < 0.5:  # else the load has not ended, or has failed
                    ledger[key] = source.state(dataset).get(key, {})
                    if random.random() < 0.3:  # the source changes again at once, perhaps back
                        change(source, dataset, random)
            if random.random() < 0.05:
                cache = ListingCache.starting_from(
                    dataset, [Partition(dataset, key) for key in ledger]
                )  # lost
        for _ in range(60):  # left alone, it comes to rest
            now += 400.0
            poll(cache, source, now)
            for key in sorted(ask(cache, source, ledger)):
                ledger[key] = source.state(dataset).get(key, {})
        loaded = {key: objects for key, objects in ledger.items() if objects}
        assert loaded == source.state(dataset), f"seed {seed}"
        poll(cache, source, now + 400.0)
        assert not cache.to_compare(), f"seed {seed}"


def test_a_correction_that_is_taken_back_is_asked_about_again() -> None:
    """A, then B, then A: the poll that finds A again must not trust that A was loaded once."""
    source, cache = Source(Random(0)), ListingCache("events")
    key = KEYS["events"][0]
    source.versions[key] = 1
    ledger = source.state("events")
    poll(cache, source, 0.0)
    assert ask(cache, source, ledger) == set()
    source.versions[key] = 2
    poll(cache, source, 5.0)
    ledger = source.state("events")  # the load of B ends behind the sensor's back
    source.versions[key] = 1
    poll(cache, source, 10.0)
    assert ask(cache, source, ledger) == {DAYS[0]}


def test_a_day_in_two_folders_is_compared_whole_before_both_were_seen() -> None:
    source = Source(Random(0))
    source.versions = dict.fromkeys([key for key in KEYS["events"] if DAYS[0] in key], 1)
    ledger = source.state("events")
    cache = ListingCache.starting_from("events", [])
    poll(cache, source, 0.0, stops_after=0)
    assert len(cache.candidates) == 1
    assert ask(cache, source, ledger) == set()


def test_what_a_broken_listing_lacks_is_not_gone() -> None:
    source, cache = Source(Random(0)), ListingCache("songs")
    source.versions = dict.fromkeys(KEYS["songs"], 1)
    poll(cache, source, 0.0)
    assert ask(cache, source, source.state("songs")) == set()
    source.breaks = 0.2
    broken = [poll(cache, source, 5.0 * n) for n in range(1, 20)].count(False)
    assert broken > 5
    assert not cache.to_compare()


def test_a_listing_goes_on_where_it_stopped() -> None:
    source, cache = Source(Random(0)), ListingCache("songs")
    source.versions = dict.fromkeys(KEYS["songs"], 1)
    polls = 0
    while polls == 0 or cache.scan:
        before = source.listed
        poll(cache, source, float(polls), stops_after=1)
        assert source.listed - before <= 2 * 4 + 1  # two prefixes of four objects, and the first of the next
        polls += 1
    assert polls == 3
    assert len(cache.candidates) == 4


def test_of_a_large_source_only_the_newest_days_are_listed_between_complete_listings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing_cache, "LARGE", 5)
    source, cache = Source(Random(0)), ListingCache("events")
    source.versions = {
        f"log_data/2018/{m:02}/2018-{m:02}-{d:02}-events.json": 1 for m in (10, 11) for d in range(1, 31)
    }
    poll(cache, source, 0.0)
    assert ask(cache, source, source.state("events")) == set()
    ledger, source.listed = source.state("events"), 0
    source.versions["log_data/2018/12/2018-12-01-events.json"] = 1
    source.versions["log_data/2018/11/2018-11-26-events.json"] = 2
    del source.versions["log_data/2018/11/2018-11-28-events.json"]
    source.versions["log_data/2018/10/2018-10-03-events.json"] = 2  # waits for the complete listing
    poll(cache, source, 60.0)
    assert source.listed == 7
    assert ask(cache, source, ledger) == {"2018-11-26", "2018-11-28", "2018-12-01"}
    poll(cache, source, 400.0)
    assert ask(cache, source, ledger) == {"2018-10-03", "2018-11-26", "2018-11-28", "2018-12-01"}


def test_a_prefix_that_goes_between_poll_and_comparison_and_comes_back_as_it_was_is_new() -> None:
    source, cache = Source(Random(0)), ListingCache("events")
    early, late = (f"log_data/2018/11/{folder}2018-11-05-events.json" for folder in ("", "late/"))
    source.versions = {early: 1, late: 1}
    poll(cache, source, 0.0)
    assert ask(cache, source, source.state("events")) == set()
    ledger = source.state("events")
    source.versions[late] = 2
    poll(cache, source, 60.0)
    del source.versions[early]
    assert ask(cache, source, ledger) == {"2018-11-05"}
    ledger = source.state("events")
    assert ask(cache, source, ledger) == set()
    source.versions[early] = 1
    poll(cache, source, 120.0)
    assert ask(cache, source, ledger) == {"2018-11-05"}


def test_objects_of_no_partition_are_never_compared() -> None:
    source, cache = Source(Random(0)), ListingCache("events")
    source.versions = dict.fromkeys(STRAY, 1)
    poll(cache, source, 0.0)
    assert not cache.to_compare()


def test_memory_is_flat_while_a_listing_is_hashed() -> None:
    """Two hundred thousand objects of one day are never held together."""
    assert peak_memory(hash_many) < 4_000_000


def hash_many() -> None:
    (found,) = listing_cache.fingerprints(
        SourceObject(f"log_data/2018/11/2018-11-01-events-{n:06}.json", "0123456789abcdef", 1)
        for n in range(200_000)
    )
    assert found.objects == 200_000
