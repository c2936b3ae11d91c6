"""What a sensor remembers of the source, so that a tick with nothing new asks the warehouse nothing.

A listing is condensed to one fingerprint for each *place*: a folder of songs (`song_data/A/B/`), or a day in a folder
(`log_data/2018/11/2018-11-12`). A place that was in step with the ledger and has the same fingerprint still is. Any
other difference is only a hint: the ledger decides, so a memory that is lost, stale or wrong costs one question and
loses nothing.

Belongs here: listings and memories as values. Does not: Dagster, boto3, SQL, what a load has to do (`source.changes`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Protocol

from sparkify_assets.model.datasets import (
    EVENTS_FOLDER,
    SONGS_FOLDER,
    Dataset,
    Partition,
    beginnings_of,
    is_hidden,
    partition_of,
)
from sparkify_assets.source.store import SourceObject

#: A data set of more objects than this is not listed whole at every tick.
LARGE = 40_000

#: How many seconds after a complete listing of a large data set another one begins.
COMPLETE_EVERY = 300.0

#: How many of the newest places of a large data set of events are listed at every tick.
NEWEST = 7

#: How many objects are compared with the ledger in one tick, unless a single place holds more.
MOST_OBJECTS = 100_000


#: From how many objects since the last look more are taken to be on their way, and for how many looks at most.
MANY, MOST_WAITS = 50, 12


class Listing(Protocol):
    """Lists objects; see ObjectStore.list."""

    def __call__(self, prefix: str = "", after: str = "") -> Iterable[SourceObject]: ...


class Place(NamedTuple):
    """A beginning that keys share, with what is below it condensed; `last` is the last of its keys."""

    prefix: str
    fingerprint: str
    objects: int
    last: str


class Noticed(NamedTuple):
    """A place that may differ from the ledger, and how many objects were there ("gone": none)."""

    fingerprint: str
    objects: int


@dataclass
class Pass:
    """A complete listing on its way, over several ticks where one is not enough."""

    after: str = ""
    places: list[str] = field(default_factory=list)
    objects: int = 0


@dataclass
class Memory:
    """What is known of one data set of the source.

    `settled` holds the fingerprints of places that were in step with the ledger, `noticed` the places that were not,
    or that nobody has compared yet; a place is never in both. `completed_at` is in seconds since 1970 (UTC).
    """

    dataset: Dataset
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    settled: dict[str, str] = field(default_factory=dict)
    noticed: dict[str, Noticed] = field(default_factory=dict)
    underway: Pass | None = None
    completed_at: float | None = None
    objects: int = 0
    gathered: int = 0
    waits: int = 0

    @classmethod
    def begun(cls, dataset: Dataset, loaded: Iterable[Partition]) -> Memory:
        """A memory that has seen nothing, and knows what is loaded: what is gone by the first look is noticed too."""
        return cls(dataset, settled={place_of(partition): "never seen" for partition in loaded})

    @classmethod
    def from_json(cls, text: str) -> Memory:
        """The memory that `to_json` wrote. Raises ValueError, TypeError or KeyError for anything else."""
        values = json.loads(text)
        values["noticed"] = {prefix: Noticed(*value) for prefix, value in values["noticed"].items()}
        values["underway"] = Pass(**values["underway"]) if values["underway"] else None
        return cls(**values)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    def look(self, listing: Listing, *, now: float, patience: Callable[[], bool] = lambda: True) -> bool:
        """List what is due and notice what differs: whether anything was listed.

        A large data set is listed whole every COMPLETE_EVERY seconds, and of events the newest days in between. A
        complete listing goes on until `patience` ends and is resumed by the next look; only at its end is what it
        lacks taken as gone. What the listing raises is raised, and what was listed before is kept.
        """
        if self.underway is None:
            if not self._is_complete_listing_due(now):
                return self._look_at_newest(listing)
            self.underway = Pass()
        for place in condensed(listing(_ROOT[self.dataset], self.underway.after)):
            self._compare(place)
            self.underway.after = place.last
            self.underway.places.append(place.prefix)
            self.underway.objects += place.objects
            if not patience():
                return True
        self._notice_gone(self.settled.keys() - set(self.underway.places))
        self.completed_at, self.objects, self.underway = now, self.underway.objects, None
        return True

    def is_gathering(self) -> bool:
        """Whether so much came since the last look that more is likely to follow: one run shall load it all. To be
        asked once for each look.
        """
        before, self.gathered = self.gathered, sum(seen.objects for seen in self.noticed.values())
        self.waits = self.waits + 1 if self.gathered - before >= MANY and self.waits < MOST_WAITS else 0
        return self.waits > 0

    def questions(self) -> dict[Partition, list[str]]:
        """The partitions to compare with the ledger now, with the prefixes that all their objects lie below."""
        chosen: dict[Partition, list[str]] = {}
        objects = 0
        for prefix, seen in sorted(self.noticed.items()):
            partition = partition_at(prefix)
            if partition is None or partition in chosen:
                continue
            if chosen and objects + seen.objects > MOST_OBJECTS:
                break
            objects += seen.objects
            chosen[partition] = []
        if self.completed_at is None:  # other places of these partitions may not have been listed yet
            return {partition: list(beginnings_of(partition)) for partition in chosen}
        for prefix in (*self.settled, *self.noticed):
            if (partition := partition_at(prefix)) in chosen:
                chosen[partition].append(prefix)
        return chosen

    def settle(self, partitions: Iterable[Partition], listed: Iterable[SourceObject]) -> None:
        """These partitions, as they were listed for the comparison, are in step with the ledger.

        A place of theirs that was not listed is gone, and is forgotten: should it come back as it was, it is news.
        """
        settled = set(partitions)
        for places in (self.noticed, self.settled):
            for prefix in [prefix for prefix in places if partition_at(prefix) in settled]:
                del places[prefix]
        for place in condensed(listed):
            if partition_at(place.prefix) in settled:
                self.settled[place.prefix] = place.fingerprint

    def _is_complete_listing_due(self, now: float) -> bool:
        if self.completed_at is None or self.objects <= LARGE:
            return True
        return now - self.completed_at >= COMPLETE_EVERY or now < self.completed_at

    def _look_at_newest(self, listing: Listing) -> bool:
        """Songs carry no date in their keys: there are no newest ones to look at."""
        if self.dataset == "songs":
            return False
        newest = sorted({*self.settled, *self.noticed})[-NEWEST:]
        found = set()
        for place in condensed(listing(_ROOT[self.dataset], newest[0])):
            self._compare(place)
            found.add(place.prefix)
        self._notice_gone(self.settled.keys() & set(newest) - found)
        return True

    def _compare(self, place: Place) -> None:
        if self.settled.get(place.prefix) != place.fingerprint:
            # What was settled is forgotten too: if the former version comes back, the ledger may hold the other one.
            self.settled.pop(place.prefix, None)
            self.noticed[place.prefix] = Noticed(place.fingerprint, place.objects)

    def _notice_gone(self, prefixes: Iterable[str]) -> None:
        for prefix in prefixes:
            del self.settled[prefix]
            self.noticed[prefix] = Noticed("gone", 0)


_ROOT: Mapping[Dataset, str] = {"events": EVENTS_FOLDER, "songs": SONGS_FOLDER}


def condensed(listing: Iterable[SourceObject]) -> Iterator[Place]:
    """The places of a listing, each as soon as it is complete; hidden files and objects in no known place are passed
    over.

    Memory stays flat: objects are hashed as they come, in the order of the listing, which keeps places together.
    """
    prefix = _NOWHERE
    gathered = _Gathered()
    pieces = gathered.pieces
    for key, token, _ in listing:
        if is_hidden(key):
            continue
        if not key.startswith(prefix):
            if pieces:
                yield gathered.place(prefix)
            gathered = _Gathered()
            pieces = gathered.pieces
            prefix = _place_at(key)
            if prefix is _NOWHERE:
                continue
        pieces += (key, token)
        if len(pieces) > _CHUNK:
            gathered.condense()
    if pieces:
        yield gathered.place(prefix)


#: What no key begins with.
_NOWHERE = "\0"

#: How many keys and tokens are held before they are hashed.
_CHUNK = 10_000


class _Gathered:
    """What was listed of a place so far: the newest keys and tokens, and the digest of those before."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.objects = 0
        self._digest = blake2b(digest_size=16)

    def condense(self) -> None:
        """Hash what is held, all but the newest object."""
        self._digest.update("\0".join([*self.pieces[:-2], ""]).encode())
        self.objects += len(self.pieces) // 2 - 1
        del self.pieces[:-2]

    def place(self, prefix: str) -> Place:
        self._digest.update("\0".join(self.pieces).encode())
        return Place(prefix, self._digest.hexdigest(), self.objects + len(self.pieces) // 2, self.pieces[-2])


@lru_cache(maxsize=100_000)
def partition_at(prefix: str) -> Partition | None:
    """The partition of the objects below a place."""
    return partition_of(f"{prefix}-events.json") or partition_of(f"{prefix}any.json")


def place_of(partition: Partition) -> str:
    """The place where a partition's objects usually lie."""
    folder, *_ = beginnings_of(partition)
    return folder + (partition.key if partition.dataset == "events" else "")


def _place_at(key: str) -> str:
    """The place that a key lies in, or _NOWHERE for a key that is in no place of data."""
    end = len(f"{SONGS_FOLDER}A/B/") if key.startswith(SONGS_FOLDER) else key.rfind("/") + len("/2018-11-12")
    prefix = key[:end]
    return prefix if partition_at(prefix) else _NOWHERE
