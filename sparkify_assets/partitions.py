"""Where an object belongs: object key to event day or song prefix, and back.

Belongs here: the grammar of the landing zone's keys and Dagster's partitions over it
(https://docs.dagster.io/guides/build/partitions-and-backfills). Does not: listing, loading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from sparkify_assets.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

Dataset = Literal["events", "songs"]

#: In the order in which they are loaded: a play looks for its song.
DATASETS: tuple[Dataset, ...] = ("songs", "events")

#: The folders of the source, as the Sparkify data sets name them.
EVENTS_FOLDER, SONGS_FOLDER = "log_data/", "song_data/"

#: Objects of the source that are no data.
KNOWN_EXTRAS = frozenset({"log_json_path.json", "sample.json"})

#: Dagster's tags of a run over a stretch of partitions, and over one.
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
ONE_PARTITION = "dagster/partition"

_EVENTS = re.compile(r"log_data/(\d{4})/(\d{2})/(?:[^/]+/)*((\d{4})-(\d{2})-\d{2})-events[^/]*\.json(\.gz)?")
_SONGS = re.compile(r"song_data/([A-Z0-9])/([A-Z0-9])/(?:[^/]+/)*[^/]+\.json(\.gz)?")


class Partition(NamedTuple):
    """What is loaded as one: a day of events (`2018-11-12`) or a prefix of songs (`AB`)."""

    dataset: Dataset
    key: str

    def __str__(self) -> str:
        return self.key if self.dataset == "events" else f"songs {self.key}"


def named(things: Iterable[object]) -> str:
    """Partitions or objects in words: all of a few, the first and the last of many."""
    names = sorted(map(str, things))
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]} ({len(names)})"


def partition_of(object_key: str) -> Partition | None:
    """The partition that an object belongs to, or None for an object that is in no known place.

    The day is that of the file's name, and has to lie in the folder of its year and month; the prefix is made
    of the first two folders.
    """
    if match := _EVENTS.fullmatch(object_key):
        folder_year, folder_month, day, year, month, _ = match.groups()
        if (folder_year, folder_month) == (year, month) and _is_day(day):
            return Partition("events", day)
        return None
    if match := _SONGS.fullmatch(object_key):
        return Partition("songs", match[1] + match[2])
    return None


def folder_of(partition: Partition) -> str:
    """The folder below which every object of the partition lies."""
    if partition.dataset == "songs":
        return f"{SONGS_FOLDER}{partition.key[0]}/{partition.key[1]}/"
    return f"{EVENTS_FOLDER}{partition.key[:4]}/{partition.key[5:7]}/"


def event_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """The days that exist for Dagster: from the first day to the last one set, or to today (UTC), included."""
    import dagster as dg  # here, so that asking what is new does not wait a second for Dagster's import

    if settings.last_day is None:
        return dg.DailyPartitionsDefinition(start_date=settings.first_day.isoformat(), end_offset=1)
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_day.isoformat(),
        # The end of Dagster's definition is the first day that does not exist any more.
        end_date=date.fromordinal(settings.last_day.toordinal() + 1).isoformat(),
    )


def in_range(day: str, settings: Settings, today: date) -> bool:
    """Whether a day lies within the days that the settings name."""
    return settings.first_day <= date.fromisoformat(day) <= (settings.last_day or today)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
