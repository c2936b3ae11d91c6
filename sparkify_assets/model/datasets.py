"""Which partition an object belongs to: object key to event day or song prefix, and back.

Belongs here: the grammar of the source's keys. Does not: listing, loading, Dagster's partitions (`defs.partitions`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, NamedTuple

from sparkify_assets.settings import Settings

Dataset = Literal["events", "songs"]

#: In the order of loading: songs come first, because plays are matched to them.
DATASETS: tuple[Dataset, ...] = ("songs", "events")

#: The folders of the source, as the Sparkify data sets name them.
EVENTS_FOLDER, SONGS_FOLDER = "log_data/", "song_data/"

#: Objects of the source that are no data.
KNOWN_EXTRAS = frozenset({"log_json_path.json", "sample.json"})

#: Replaces bytes of a file's name that are not UTF-8.
NOT_UTF8 = "\ufffd"


_EVENTS = re.compile(
    r"log_data/(?:(\d{4})/(\d{2})/(?:[^/]+/)*)?((\d{4})-(\d{2})-\d{2})-events[^/]*\.json(\.gz)?"
)
_SONGS = re.compile(r"song_data/([A-Z0-9])/([A-Z0-9])/(?:[^/]+/)*[^/]+\.json(\.gz)?")


class Partition(NamedTuple):
    """The unit of a load: a day of events (`2018-11-12`) or a prefix of songs (`AB`)."""

    dataset: Dataset
    key: str

    def __str__(self) -> str:
        return self.key if self.dataset == "events" else f"songs {self.key}"


def named(things: Iterable[object]) -> str:
    """Partitions or objects in words: all of them if they are few, otherwise the first and the last."""
    names = sorted(map(str, things))
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]} ({len(names)})"


def counted(number: int, one: str, many: str = "") -> str:
    """So many of a thing in words: 1 file, 1,234 files. `many` is its plural, unless an s makes it."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def partition_of(object_key: str) -> Partition | None:
    """The partition that an object belongs to, or None if no load recognises the object.

    The day is that of the file's name, which lies in the folder of its year and month, or in none; the prefix is made
    of the first two folders. A hidden file belongs to none, nor does one whose name is no UTF-8.
    """
    if is_hidden(object_key) or NOT_UTF8 in object_key:
        return None
    if match := _EVENTS.fullmatch(object_key):
        folder_year, folder_month, day, year, month, _ = match.groups()
        if (folder_year, folder_month) in ((year, month), (None, None)) and _is_day(day):
            return Partition("events", day)
        return None
    if match := _SONGS.fullmatch(object_key):
        return Partition("songs", match[1] + match[2])
    return None


def is_partition_key(text: str) -> bool:
    """Whether a text can be the key of a partition: a day such as 2018-11-12, or a prefix such as AA."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return _is_day(text)
    return re.fullmatch("[A-Z0-9]{2}", text) is not None


def is_hidden(object_key: str) -> bool:
    """Whether a file or one of its folders begins with `.` or `_`, and so is not data, as for Spark and Redshift
    Spectrum (https://docs.aws.amazon.com/redshift/latest/dg/c-spectrum-external-tables.html): what operating systems,
    editors and archives leave beside the data, such as `.ipynb_checkpoints/` and `__MACOSX/`.
    """
    return object_key.startswith((".", "_")) or "/." in object_key or "/_" in object_key


def beginnings_of(partition: Partition) -> tuple[str, ...]:
    """The prefixes under which all objects of a partition are listed, shared by as many partitions as possible: the
    folder of songs; for a day the folder of its month, and the month in the name of a file outside such a folder.
    """
    if partition.dataset == "songs":
        return (f"{SONGS_FOLDER}{partition.key[0]}/{partition.key[1]}/",)
    year, month, _ = partition.key.split("-")
    return f"{EVENTS_FOLDER}{year}/{month}/", f"{EVENTS_FOLDER}{year}-{month}-"


def why_outside(day: str, settings: Settings, today: date) -> str:
    """Why a day is none of those that the settings name, with the setting; empty if it is one of them."""
    this = date.fromisoformat(day)
    if this < settings.first_day:
        return f"before {settings.first_day}, the first day that is loaded (SPARKIFY_FIRST_DAY)"
    if settings.last_day and this > settings.last_day:
        return f"after {settings.last_day}, the last day that is loaded (SPARKIFY_LAST_DAY)"
    if not settings.last_day and this > today:
        return f"after {today}, which is today in UTC (SPARKIFY_LAST_DAY may name a later day)"
    return ""


def left_out(outside: Mapping[str, str]) -> list[str]:
    """Days that the settings leave out, each with the reason, in words: a line for each setting."""
    days: dict[str, list[str]] = {}
    for day, why in outside.items():
        days.setdefault(why, []).append(day)
    return [f"{named(some)}: {why}" for why, some in days.items()]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
