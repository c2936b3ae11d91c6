"""What has changed: a listing of the source compared with what the ledger knows of it.

Belongs here: one pure function that loads, sensors, `status` and `reconcile` all use. Does not: Dagster, boto3, SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sparkify_assets.model.datasets import (
    KNOWN_EXTRAS,
    NOT_UTF8,
    Dataset,
    Partition,
    counted,
    is_hidden,
    partition_of,
)
from sparkify_assets.model.queries import Rules
from sparkify_assets.source.store import SourceObject


@dataclass(frozen=True)
class KnownPartition:
    """What the ledger holds of a partition: the version that was staged last, even if it is not published yet."""

    state: str
    batch_id: str
    rules: Rules
    objects: Mapping[str, str]  # key -> version token


@dataclass(frozen=True)
class Change:
    """How a partition of the source differs from what is known of it, by the keys of its objects."""

    new: tuple[str, ...] = ()
    overwritten: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def deleted(self) -> tuple[str, ...]:
        """What is gone and was data. Hidden files, which earlier versions loaded, are no loss."""
        return tuple(key for key in self.gone if not is_hidden(key))


@dataclass
class SourceChanges:
    """A listing compared with what is known. `listed` holds all listed objects, `changed` what has to be loaded.
    `known` counts the objects of the whole ledger by data set, even where only a part was compared, and `gone` those of
    them that are no longer listed. `names_aside` are the names, as `_name` has them, of what is listed and no data.
    """

    listed: dict[Partition, list[SourceObject]] = field(default_factory=dict)
    changed: dict[Partition, Change] = field(default_factory=dict)
    unrecognised: list[str] = field(default_factory=list)
    hidden: int = 0  # files that are not data, by their names
    known: Counter[Dataset] = field(default_factory=Counter)
    gone: Counter[Dataset] = field(default_factory=Counter)
    names_aside: set[str] = field(default_factory=set)

    @property
    def listed_objects(self) -> int:
        return sum(map(len, self.listed.values()))

    @property
    def vanished(self) -> list[Dataset]:
        """The data sets of which objects are known and none is listed."""
        listed = {partition.dataset for partition in self.listed}
        return [
            name
            for name, number in self.known.items()
            if 0 < number == self.gone[name] and name not in listed
        ]

    @property
    def looks_incomplete(self) -> str | None:
        """Why the listing should not be believed where objects are missing from it, or None.

        More often caused by a wrong address, a lost permission or a folder's new name than by a clean-up are: an empty
        listing; one that lacks at least ten and more than a fifth of the known objects, or of those of one data set;
        and one without a data set whose files are still there, where no data is looked for.
        """
        moved = {name: number for name in self.gone if (number := self._moved(name))}
        why = self._lacks_much()
        if not why and (lost := [name for name in self.vanished if name in moved]):
            why = f"all known objects of {' and '.join(lost)} are gone from the listing"
        aside = f"; files of their names lie where no data is looked for ({sum(moved.values()):,})"
        return why and why + (aside if moved else "")

    def _lacks_much(self) -> str | None:
        known, gone = self.known.total(), self.gone.total()
        if 0 < known == gone and not self.listed_objects:
            empty = "nothing that is listed is data" if self.unrecognised else "the listing is empty"
            return f"{empty}, while the ledger knows {counted(known, 'object')}"
        if gone >= 10 and gone > 0.2 * known:
            return f"{gone} of {known} known objects are gone from the listing"
        for name, number in self.gone.items():
            if number >= 10 and number > 0.2 * self.known[name]:
                return f"{number} of {self.known[name]} known objects of {name} are gone from the listing"
        return None

    def _moved(self, dataset: Dataset) -> int:
        """How many of the gone objects of a data set have a namesake that is no data: in another folder, a hidden one,
        or with another ending.
        """
        gone = (
            key
            for partition, change in self.changed.items()
            if partition.dataset == dataset
            for key in change.deleted
        )
        return sum(_name(key) in self.names_aside for key in gone)


def difference(listing: Iterable[SourceObject], known: Mapping[Partition, KnownPartition]) -> SourceChanges:
    """Compare a complete listing of the source with what is known.

    A partition has changed when its set of (key, version token) differs from the known set. Nothing else decides, in
    particular no time and no order. Objects that belong to no partition are named as unrecognised, and hidden files are
    counted.
    """
    result = SourceChanges()
    # A song folder holds many objects, so its keys are parsed once for each folder.
    folders: dict[str, Partition | None] = {}
    for item in listing:
        if is_hidden(item.key):
            result.hidden += 1
            result.names_aside.add(_name(item.key))
            continue
        partition = _partition(item.key, folders)
        if partition is not None:
            result.listed.setdefault(partition, []).append(item)
        elif item.key not in KNOWN_EXTRAS:
            result.unrecognised.append(item.key)
            result.names_aside.add(_name(item.key))
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
    for partition, was in known.items():
        result.known[partition.dataset] += sum(not is_hidden(key) for key in was.objects)
    for partition, change in result.changed.items():
        result.gone[partition.dataset] += len(change.deleted)
    return result


def _name(key: str) -> str:
    """The name of a file, without what hides it and without its endings."""
    return key.rpartition("/")[2].lstrip("._").partition(".")[0]


def _partition(key: str, folders: dict[str, Partition | None]) -> Partition | None:
    if not key.startswith("song_data/") or not key.endswith(".json") or NOT_UTF8 in key:
        return partition_of(key)
    folder = key[: key.rfind("/")]
    if folder not in folders:
        folders[folder] = partition_of(key)
    return folders[folder]
