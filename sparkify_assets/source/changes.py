"""What has changed: compares a listing of the source with what the ledger knows.

Belongs here: one pure function that loads, sensors, status and reconcile all use. Does not: Dagster, boto3, SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sparkify_assets.model.datasets import KNOWN_EXTRAS, NOT_UTF8, Partition, is_hidden, partition_of
from sparkify_assets.model.queries import Rules
from sparkify_assets.source.store import SourceObject


@dataclass(frozen=True)
class KnownPartition:
    """What the ledger knows about a partition: the version that was staged last, whether published or not."""

    state: str
    batch_id: str
    rules: Rules
    objects: Mapping[str, str]  # key -> version token


@dataclass(frozen=True)
class Change:
    """How a partition of the source differs from what is known about it, by object key."""

    new: tuple[str, ...] = ()
    overwritten: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def deleted(self) -> tuple[str, ...]:
        """The data that was deleted. Hidden files, which earlier editions loaded, are no loss."""
        return tuple(key for key in self.gone if not is_hidden(key))


@dataclass
class SourceChanges:
    """The source compared with what is known: `listed` is everything that was listed, `changed` what has to be loaded.
    `known_objects` counts the objects of the whole ledger, even if only a part was compared.
    """

    listed: dict[Partition, list[SourceObject]] = field(default_factory=dict)
    changed: dict[Partition, Change] = field(default_factory=dict)
    unrecognised: list[str] = field(default_factory=list)
    hidden: int = 0  # files that are no data by their names
    known_objects: int = 0
    gone_objects: int = 0

    @property
    def listed_objects(self) -> int:
        return sum(map(len, self.listed.values()))

    @property
    def looks_incomplete(self) -> str | None:
        """Why the listing should not be trusted when it says that objects are gone, or None.

        An empty listing, or one that lacks more than a fifth and at least ten of the known objects, is more likely a
        wrong address or a missing permission than a clean-up.
        """
        if 0 < self.known_objects == self.gone_objects and not self.listed_objects:
            return f"the listing is empty, while {self.known_objects} objects are known"
        if self.gone_objects >= 10 and self.gone_objects > 0.2 * self.known_objects:
            return f"{self.gone_objects} of {self.known_objects} known objects are gone from the listing"
        return None


def difference(listing: Iterable[SourceObject], known: Mapping[Partition, KnownPartition]) -> SourceChanges:
    """Compare a complete listing of the source with what is known.

    A partition has changed if its set of (key, version token) differs from the known one. Nothing else decides: no time
    and no order. Objects that no load recognises are named, and hidden files are counted.
    """
    result = SourceChanges()
    places: dict[str, Partition | None] = {}  # song folders hold many objects, so each folder is parsed once
    for item in listing:
        if is_hidden(item.key):
            result.hidden += 1
            continue
        partition = _partition(item.key, places)
        if partition is not None:
            result.listed.setdefault(partition, []).append(item)
        elif item.key not in KNOWN_EXTRAS:
            result.unrecognised.append(item.key)
    nothing: Mapping[str, str] = {}
    for partition, items in result.listed.items():
        before = known[partition].objects if partition in known else nothing
        tokens = {item.key: item.version_token for item in items}
        if tokens != before or partition not in known:
            result.changed[partition] = Change(
                new=tuple(key for key in tokens if key not in before),
                overwritten=tuple(key for key, token in tokens.items() if before.get(key, token) != token),
                gone=tuple(key for key in before if key not in tokens),
            )
    for partition, was in known.items():
        if was.objects and partition not in result.listed:
            result.changed[partition] = Change(gone=tuple(was.objects))
    result.known_objects = sum(not is_hidden(key) for was in known.values() for key in was.objects)
    result.gone_objects = sum(len(change.deleted) for change in result.changed.values())
    return result


def _partition(key: str, places: dict[str, Partition | None]) -> Partition | None:
    if not key.startswith("song_data/") or not key.endswith(".json") or NOT_UTF8 in key:
        return partition_of(key)
    folder = key[: key.rfind("/")]
    if folder not in places:
        places[folder] = partition_of(key)
    return places[folder]
