"""The gates and checks: the queries of `sql/checks`, each a select of offending rows.

The same query is a gate inside the publishing transaction and an asset check on what is published. A file's first
comment says whether it blocks or warns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sparkify_assets import sql
from sparkify_assets.partitions import Dataset
from sparkify_assets.resources.redshift import Transaction
from sparkify_assets.settings import Settings

#: How many offending rows of a partition are shown.
SAMPLE_ROWS = 10


@dataclass(frozen=True)
class Violation:
    """Offending rows of one partition: how many, and the first of them as text by column."""

    check: str
    partition_key: str
    count: int
    sample: list[dict[str, str | None]]


@dataclass(frozen=True)
class Check:
    """One file of `sql/checks`: the asset it guards, and whether it blocks a publication."""

    name: str
    asset: str
    dataset: Dataset
    blocks: bool

    @property
    def file(self) -> str:
        return f"checks/{self.name}"

    @property
    def description(self) -> str:
        """The sentence at the head of the file."""
        return sql.read(self.file).splitlines()[0].removeprefix("-- ").partition(": ")[2]


def _check(name: str, asset: str, dataset: Dataset) -> Check:
    return Check(name, asset, dataset, blocks=sql.read(f"checks/{name}").startswith("-- block: "))


CHECKS: Sequence[Check] = (
    _check("events_counts", "staging_events", "events"),
    _check("events_reject_share", "staging_events", "events"),
    _check("events_allowed_values", "staging_events", "events"),
    _check("events_of_other_days", "staging_events", "events"),
    _check("sessions_contiguous", "staging_events", "events"),
    _check("songplays_keys", "songplays", "events"),
    _check("songplays_complete", "songplays", "events"),
    _check("songplays_orphans", "songplays", "events"),
    _check("songplays_match_rate", "songplays", "events"),
    _check("users_keys", "users", "events"),
    _check("time_keys", "time", "events"),
    _check("songs_counts", "staging_songs", "songs"),
    _check("songs_reject_share", "staging_songs", "songs"),
    _check("songs_complete", "songs", "songs"),
    _check("songs_keys", "songs", "songs"),
    _check("artists_keys", "artists", "songs"),
)

#: The checks that decide, inside the transaction, whether a partition is published.
GATES: Mapping[Dataset, Sequence[Check]] = {
    "events": [check for check in CHECKS if check.dataset == "events" and check.blocks],
    "songs": [check for check in CHECKS if check.dataset == "songs" and check.blocks],
}


def violations(
    transaction: Transaction, check: Check, first: str, last: str, settings: Settings
) -> list[Violation]:
    """Ask one check about the partitions from `first` to `last`, both included; nothing found: an empty list."""
    # Not streamed: a cursor is planned for its first rows and without helpers, which made the gates six times slower.
    rows = transaction.records(
        check.file,
        first=first,
        last=last,
        reject_share=settings.reject_share,
        reject_rows=settings.reject_rows,
    )
    found: dict[str, list[dict[str, str | None]]] = {}
    counts: dict[str, int] = {}
    for row in rows:
        key = str(row["partition_key"])
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= SAMPLE_ROWS:
            shown = {name: None if value is None else str(value) for name, value in row.items()}
            found.setdefault(key, []).append(shown)
    return [Violation(check.name, key, counts[key], sample) for key, sample in sorted(found.items())]
