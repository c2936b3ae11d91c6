"""What is wrong with the layout of a source from which nothing can be loaded, so that nobody reads just "nothing new".

Belongs here: pure functions of the keys that no load recognises. Does not: the grammar of the keys (`model.datasets`),
reading a listing for such keys (`source.wrong`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from sparkify_assets.model.datasets import (
    DATASETS,
    EVENTS_FOLDER,
    NOT_UTF8,
    SONGS_FOLDER,
    Dataset,
    counted,
    partition_of,
)
from sparkify_assets.source.changes import SourceChanges

EXPECTED = "log_data/2018/11/2018-11-12-events.json and song_data/A/B/C/TR….json"

#: How many keys are examined, which is enough to see a pattern, and how many of them a message names.
MAX_KEYS, MAX_NAMES = 2000, 5

#: How many levels above and below the given folder are searched.
MAX_LEVELS = 4

_FOLDERS: dict[Dataset, str] = {"events": EVENTS_FOLDER, "songs": SONGS_FOLDER}


def why_unrecognised(key: str) -> str:
    """What is wrong with the key of an object that no load reads."""
    name = key.rpartition("/")[2]
    if NOT_UTF8 in key:
        return "its name is no UTF-8"
    if not name.endswith((".json", ".json.gz")):
        return "no .json or .json.gz"
    if key.startswith(EVENTS_FOLDER):
        if not re.match(r"\d{4}-\d{2}-\d{2}-events", name):
            return "its name does not begin as 2018-11-12-events"
        return f"its day does not lie in {key.rpartition('/')[0]}/"
    if key.startswith(SONGS_FOLDER):
        return "it lies in no folder of two letters, song_data/A/B/"
    return "neither in log_data/ nor in song_data/"


def unrecognised_source(found: SourceChanges, url: str, *, whole: bool = True) -> str | None:
    """Why there is nothing to load from a source without a single object that a load reads: what it holds instead, and
    what is expected. None if something was recognised now or in an earlier load. Unless the listing is `whole`, its
    counts are said to be the least that there is.
    """
    if found.listed or found.known.total():
        return None
    problems = layout_problems(found, url, whole=whole)
    if not problems:
        names, at_least = sorted(found.unrecognised), "" if whole else "+"
        named = ", ".join(names[:MAX_NAMES]) + (
            f" and {len(names) - MAX_NAMES:,}{at_least} more" if len(names) > MAX_NAMES else ""
        )
        hidden = counted(found.hidden, "hidden file") if found.hidden else ""
        hidden = hidden if whole or not hidden else "hidden files"
        problems = [f"found {' and '.join(filter(None, (named, hidden))) or 'nothing at all'}"]
    return f"{url} holds no object that can be loaded: {'; '.join(problems)}; expected {EXPECTED}"


def layout_problems(found: SourceChanges, url: str, *, whole: bool = True) -> list[str]:
    """What is wrong with the layout of each data set that has no recognised object: a folder of another name, or a
    source that is a level too high or too low.
    """
    there = {partition.dataset for partition in found.listed}
    wanted = [dataset for dataset in DATASETS if dataset not in there]
    keys = sorted(found.unrecognised)
    whole = whole and len(keys) <= MAX_KEYS
    return list(_problems(wanted, keys[:MAX_KEYS], url, "" if whole else "+")) if wanted else []


def _problems(wanted: Collection[Dataset], keys: Sequence[str], url: str, at_least: str) -> Iterator[str]:
    found: Counter[str] = Counter()
    for key in keys:
        if problem := _elsewhere(wanted, key, url):
            found[problem] += 1
    for problem, files in found.most_common():
        yield f"{problem} ({files:,}{at_least} {'file' if files == 1 and not at_least else 'files'})"


def _elsewhere(wanted: Collection[Dataset], key: str, url: str) -> str | None:
    """A sentence that says where the key would be recognised, or None."""

    def is_wanted(candidate: str) -> bool:
        partition = partition_of(candidate)
        return partition is not None and partition.dataset in wanted

    parts, above = key.split("/"), url.rstrip("/").split("/")
    for levels in range(1, min(MAX_LEVELS, len(parts) - 1) + 1):
        if partition := partition_of("/".join(parts[levels:])):
            folder = "/".join(parts[:levels])
            if len(wanted) == len(DATASETS):
                return f"the data is in {folder}/: set SPARKIFY_SOURCE={url.rstrip('/')}/{folder}"
            if partition.dataset in wanted:
                wrong, right = f"{folder}/{parts[levels]}/", _FOLDERS[partition.dataset]
                return f"{partition.dataset} are looked for in {right}, found {wrong}"
    for levels in range(1, min(MAX_LEVELS, len(above) - 3) + 1):
        if is_wanted("/".join([*above[-levels:], key])):
            return f"the source is {'/'.join(above[-levels:])}/ itself: set SPARKIFY_SOURCE={'/'.join(above[:-levels])}"
    for dataset in wanted:
        folder = _FOLDERS[dataset]
        if is_wanted(folder + key) and (dataset == "events" or len(parts) > 2):
            return f"{dataset} are looked for in {folder}, found {parts[0] + '/' if len(parts) > 1 else key}"
        if len(parts) > 1 and is_wanted(folder + "/".join(parts[1:])) and _names(parts[0], dataset):
            return f"{dataset} are looked for in {folder}, found {parts[0]}/"
    return None


def _names(folder: str, dataset: Dataset) -> bool:
    """Whether a folder may be meant for the data set. For files named after a day, any folder may be."""
    return dataset == "events" or "song" in folder.lower()
