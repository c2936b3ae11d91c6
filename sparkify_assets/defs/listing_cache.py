"""What a sensor keeps of the source between ticks, so that a tick with nothing new does not query the warehouse.

A listing is reduced to one fingerprint for each prefix: a folder of songs (`song_data/A/B/`), or a day in a folder
(`log_data/2018/11/2018-11-12`). A prefix that was in sync with the ledger and has the same fingerprint is still in
sync. Any other difference is only a hint: the ledger decides, so a cache that is lost, stale or wrong costs one
comparison and loses nothing.

Belongs here: fingerprints, the cache and its file. Does not: Dagster, boto3, SQL, what a load has to do
(`source.changes`).
"""

from __future__ import annotations

import fcntl
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Protocol

from sparkify_assets.model.datasets import (
    DATASETS,
    EVENTS_FOLDER,
    SONGS_FOLDER,
    Dataset,
    Partition,
    beginnings_of,
    is_hidden,
    partition_of,
)
from sparkify_assets.settings import Settings
from sparkify_assets.source.store import SourceObject

#: A data set of more objects than this is not listed completely at every poll.
LARGE = 40_000

#: How many seconds after a complete listing of a large data set the next one begins.
COMPLETE_EVERY = 300.0

#: How many of the newest prefixes of a large data set of events are listed at every poll.
NEWEST = 7

#: How many objects are compared with the ledger in one tick, unless a single prefix holds more.
MAX_OBJECTS = 100_000

#: As many new objects since the last poll suggest that more are on their way.
DEBOUNCE_OBJECTS = 50

#: How many polls a load is put off at most while more objects arrive.
MAX_DEBOUNCED_POLLS = 12

#: The fingerprint of a prefix that is known from the ledger and has not been listed yet.
_NEVER_LISTED = "never listed"

#: The fingerprint of a prefix that no longer holds any object.
_GONE = "gone"

#: Stands for the prefix of a key that belongs to no partition; no key begins with it.
_NO_PREFIX = "\0"

_ROOT: Mapping[Dataset, str] = {"events": EVENTS_FOLDER, "songs": SONGS_FOLDER}


class Listing(Protocol):
    """Lists objects; see ObjectStore.list."""

    def __call__(self, prefix: str = "", after: str = "") -> Iterable[SourceObject]: ...


class PrefixFingerprint(NamedTuple):
    """The keys and versions of all objects below a prefix as one hash; `last` is the last of the keys."""

    prefix: str
    fingerprint: str
    objects: int
    last: str


class Candidate(NamedTuple):
    """What was found at a prefix that may differ from the ledger."""

    fingerprint: str
    objects: int


@dataclass
class Scan:
    """A complete listing in progress, which continues over several ticks where one is not enough."""

    after: str = ""
    prefixes: list[str] = field(default_factory=list)
    objects: int = 0


@dataclass
class ListingCache:
    """What is known of one data set of the source.

    `in_sync` holds the fingerprints of the prefixes that were in sync with the ledger, `candidates` the prefixes that
    were not, or that have not been compared yet. No prefix is in both. `completed_at` says when the last complete
    listing ended, in seconds since 1970 (UTC), and `objects` how many objects it found.
    """

    dataset: Dataset
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    in_sync: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, Candidate] = field(default_factory=dict)
    scan: Scan | None = None
    completed_at: float | None = None
    objects: int = 0
    candidate_objects: int = 0
    debounced_polls: int = 0

    @classmethod
    def starting_from(cls, dataset: Dataset, loaded: Iterable[Partition]) -> ListingCache:
        """A cache that has listed nothing but knows what is loaded, so that the first poll notices what is gone."""
        return cls(dataset, in_sync={usual_prefix(partition): _NEVER_LISTED for partition in loaded})

    @classmethod
    def from_json(cls, text: str) -> ListingCache:
        """The cache that `to_json` wrote. Raises ValueError, TypeError or KeyError for anything else."""
        values = json.loads(text)
        values["candidates"] = {name: Candidate(*found) for name, found in values["candidates"].items()}
        values["scan"] = Scan(**values["scan"]) if values["scan"] else None
        return cls(**values)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def poll(self, listing: Listing, *, now: float, patience: Callable[[], bool] = lambda: True) -> None:
        """List what is due and note the prefixes that have changed.

        A large data set is listed completely every COMPLETE_EVERY seconds, and in between only the newest days of
        events, because S3 charges for each page and answers in 100 to 200 ms
        (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html). So a million objects take
        longer than a tick may: a complete listing continues until `patience` returns False, and the next poll resumes
        it. Only at its end does a prefix that it lacks count as gone. Whatever the listing raises is passed on, and
        what was listed before that is kept.
        """
        if self.scan is None:
            if not self._is_complete_listing_due(now):
                self._poll_newest(listing)
                return
            self.scan = Scan()
        for found in fingerprints(listing(_ROOT[self.dataset], self.scan.after)):
            self._compare(found)
            self.scan.after = found.last
            self.scan.prefixes.append(found.prefix)
            self.scan.objects += found.objects
            if not patience():
                return
        self._mark_gone(self.in_sync.keys() - set(self.scan.prefixes))
        self.completed_at, self.objects, self.scan = now, self.scan.objects, None

    def debounces(self) -> bool:
        """Whether so many objects are new since the last poll that more will probably follow, which one run should
        then load together. Ask once after each poll.
        """
        before = self.candidate_objects
        self.candidate_objects = sum(found.objects for found in self.candidates.values())
        growing = self.candidate_objects - before >= DEBOUNCE_OBJECTS
        self.debounced_polls = (
            self.debounced_polls + 1 if growing and self.debounced_polls < MAX_DEBOUNCED_POLLS else 0
        )
        return self.debounced_polls > 0

    def to_compare(self) -> dict[Partition, list[str]]:
        """The partitions to compare with the ledger now, each with the prefixes that hold all of its objects."""
        chosen: dict[Partition, list[str]] = {}
        objects = 0
        for prefix, found in sorted(self.candidates.items()):
            partition = partition_at(prefix)
            if partition is None or partition in chosen:
                continue
            if chosen and objects + found.objects > MAX_OBJECTS:
                break
            objects += found.objects
            chosen[partition] = []
        if self.completed_at is None:  # other prefixes of these partitions may not have been listed yet
            return {partition: list(beginnings_of(partition)) for partition in chosen}
        for prefix in (*self.in_sync, *self.candidates):
            if (partition := partition_at(prefix)) in chosen:
                chosen[partition].append(prefix)
        return chosen

    def mark_in_sync(self, partitions: Iterable[Partition], listed: Iterable[SourceObject]) -> None:
        """Note that these partitions, as they were listed for the comparison, are in sync with the ledger.

        A prefix of theirs that was not listed is gone and is forgotten, so that it counts as new should it come back
        unchanged.
        """
        compared = set(partitions)
        for known in (self.candidates, self.in_sync):
            for prefix in [prefix for prefix in known if partition_at(prefix) in compared]:
                del known[prefix]
        for found in fingerprints(listed):
            if partition_at(found.prefix) in compared:
                self.in_sync[found.prefix] = found.fingerprint

    def _is_complete_listing_due(self, now: float) -> bool:
        if self.completed_at is None or self.objects <= LARGE:
            return True
        return now - self.completed_at >= COMPLETE_EVERY or now < self.completed_at

    def _poll_newest(self, listing: Listing) -> None:
        """List the newest days. The keys of songs carry no date, so there are no newest songs."""
        if self.dataset == "songs":
            return
        newest = sorted({*self.in_sync, *self.candidates})[-NEWEST:]
        there = set()
        for found in fingerprints(listing(_ROOT[self.dataset], newest[0])):
            self._compare(found)
            there.add(found.prefix)
        self._mark_gone(self.in_sync.keys() & set(newest) - there)

    def _compare(self, found: PrefixFingerprint) -> None:
        if self.in_sync.get(found.prefix) != found.fingerprint:
            # The old fingerprint is forgotten: if that version comes back, the ledger may hold the other one by then.
            self.in_sync.pop(found.prefix, None)
            self.candidates[found.prefix] = Candidate(found.fingerprint, found.objects)

    def _mark_gone(self, prefixes: Iterable[str]) -> None:
        for prefix in prefixes:
            del self.in_sync[prefix]
            self.candidates[prefix] = Candidate(_GONE, 0)


class CacheFile:
    """The file below SPARKIFY_HOME that holds a cache between ticks. Dagster's cursor holds only the cache's id: the
    history of ticks stays small, and resetting the cursor in the web UI starts a new cache.
    """

    def __init__(self, settings: Settings, dataset: Dataset) -> None:
        self.dataset = dataset
        self.path = settings.home / "arrivals" / f"{dataset}.json"
        about = (settings.source, settings.warehouse, settings.first_day, settings.last_day, settings.deleted)
        self._about = blake2b(repr(about).encode(), digest_size=4).hexdigest()

    def start(self, loaded: Iterable[Partition]) -> str:
        """Replace whatever is there by a cache that has listed nothing; return its id."""
        cache = ListingCache.starting_from(self.dataset, loaded)
        cache.id = f"{self._about}-{cache.id}"
        self._write(cache)
        return cache.id

    def is_at(self, cursor: str | None) -> bool:
        """Whether the file holds the cache that the cursor names, and it is about this source and warehouse."""
        cache = self._read()
        return cache is not None and cache.id == cursor and cache.id.startswith(self._about)

    @contextmanager
    def opened(self) -> Iterator[ListingCache]:
        """The cache, which is written back at the end, also after a poll that failed.

        Raises BlockingIOError while another tick holds it, for instance one that Dagster stopped waiting for.
        """
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            cache = self._read() or ListingCache(self.dataset)
            try:
                yield cache
            finally:
                self._write(cache)

    def forget(self) -> None:
        """Make the next tick compare everything with the ledger."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> ListingCache | None:
        try:
            return ListingCache.from_json(self.path.read_text("utf-8"))
        except (OSError, ValueError, TypeError, KeyError):
            return None  # lost, or of another version: starting anew costs one comparison with the ledger

    def _write(self, cache: ListingCache) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(cache.to_json(), "utf-8")
        draft.replace(self.path)


def forget_all(settings: Settings) -> None:
    """Make every sensor compare everything with the ledger at its next tick."""
    for dataset in DATASETS:
        CacheFile(settings, dataset).forget()


def fingerprints(listing: Iterable[SourceObject]) -> Iterator[PrefixFingerprint]:
    """The fingerprint of each prefix of a listing, as soon as the prefix is complete.

    Hidden files and objects of no partition are left out. Nothing but the hash is kept, because the order of a listing
    keeps the objects of a prefix together.
    """
    prefix, digest, objects, last = _NO_PREFIX, blake2b(digest_size=16), 0, ""
    for key, token, _ in listing:
        if is_hidden(key):
            continue
        if not key.startswith(prefix):
            if objects:
                yield PrefixFingerprint(prefix, digest.hexdigest(), objects, last)
            prefix, digest, objects = _prefix_of(key), blake2b(digest_size=16), 0
            if prefix is _NO_PREFIX:
                continue
        digest.update(f"{key}\0{token}\0".encode())
        objects += 1
        last = key
    if objects:
        yield PrefixFingerprint(prefix, digest.hexdigest(), objects, last)


@lru_cache(maxsize=100_000)
def partition_at(prefix: str) -> Partition | None:
    """The partition of the objects below a prefix."""
    return partition_of(f"{prefix}-events.json") or partition_of(f"{prefix}any.json")


def usual_prefix(partition: Partition) -> str:
    """The prefix below which a partition's objects usually are."""
    folder, *_ = beginnings_of(partition)
    return folder + (partition.key if partition.dataset == "events" else "")


def _prefix_of(key: str) -> str:
    """The prefix that a key belongs to, or _NO_PREFIX."""
    end = len(f"{SONGS_FOLDER}A/B/") if key.startswith(SONGS_FOLDER) else key.rfind("/") + len("/2018-11-12")
    prefix = key[:end]
    return prefix if partition_at(prefix) else _NO_PREFIX
