r"""Generated source data in the exact form of the Sparkify data sets, for the demo, tests and benchmarks.

Belongs here: the files of a sample and its summary. Does not belong here: reading, loading, or anything that knows the
warehouse. The form is that of the real files. Events are compact objects, one on each line, with `/` escaped and no
final line break, in `log_data/YYYY/MM/YYYY-MM-DD-events.json` by the UTC day of `ts`. Songs are objects with blanks
between their tokens, one in each file, in `song_data/A/B/C/TRABC….json`. All is ASCII, with other letters as `\uXXXX`.

The same arguments give the same bytes on every version of Python: all draws come from `Random.random()`, the one method
whose sequence is guaranteed (https://docs.python.org/3/library/random.html#notes-on-reproducibility).
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from sample_data.draws import Dice
from sample_data.events import HOME, NO_TRACK, NOBODY, Audience, event_line, write_events
from sample_data.songs import write_songs


@dataclass(frozen=True)
class SampleSummary:
    """What was written: the first and last day of events (UTC), and how many records, files and bytes."""

    first_day: date
    last_day: date
    events: int
    songs: int
    files: int
    bytes: int


def write_sample(
    out: Path, *, events: int, songs: int, days: int, seed: int, first_day: date = date(2018, 11, 1)
) -> SampleSummary:
    """Write `events` events over `days` days and `songs` song files into the folder `out`.

    `out` is written completely or not at all. Besides the data it contains `log_json_path.json`, and the summary as
    `sample.json`. A day without events, which happens if there are few events, has no file. Memory use does not
    grow with the number of events. Raises ValueError for impossible counts, and FileExistsError if `out` is not empty.
    """
    if events < 0 or songs < 0 or days < 1:
        raise ValueError(f"a sample takes events ≥ 0, songs ≥ 0, days ≥ 1, not {events}, {songs}, {days}")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: a sample is written into a folder of its own")
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        summary = _write(part, events, songs, days, seed, first_day)
        part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)  # what is whole is in its place
    return summary


def _write(part: Path, events: int, songs: int, days: int, seed: int, first_day: date) -> SampleSummary:
    library = write_songs(part, songs, Dice(f"songs {seed}"))
    write_events(part, Audience(events, library, Dice(f"events {seed}")), events, days, first_day)
    sizes = [path.stat().st_size for path in part.rglob("*.json")]
    last_day = first_day + timedelta(days=days - 1)
    summary = SampleSummary(first_day, last_day, events, songs, len(sizes), sum(sizes))
    fields = json.loads(event_line(NOBODY, HOME, NO_TRACK, 0, "free", 0, 0))
    jsonpaths = {"jsonpaths": [f"$['{field}']" for field in fields]}
    (part / "log_json_path.json").write_text(json.dumps(jsonpaths, indent=4), "utf-8")
    (part / "sample.json").write_text(json.dumps(asdict(summary), indent=4, default=str) + "\n", "utf-8")
    return summary
