"""The gates and checks: the queries of `sql/checks`, each a select of offending rows, and what is seen while reading.

A check that blocks is a gate inside the publishing transaction. One that warns is asked there too, right after the
gates, and what it finds is kept in `ledger.warnings`. A file's first comment says which of them it is; it may leave
that to a setting.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.settings import Settings

#: How many offending rows of a partition are shown.
SAMPLE_ROWS = 10

#: The column in which a query says how many records a row of it stands for.
RECORDS = "records"

_HEAD = re.compile(r"-- (?:(block|warn)|warn or block, as SPARKIFY_(\w+) says): (.+)")


@dataclass(frozen=True)
class Violation:
    """What a check found in one partition: how many records or rows, and the first of them as text by column."""

    check: str
    partition_key: str
    count: int
    sample: list[dict[str, str | None]]


@dataclass(frozen=True)
class Check:
    """A rule about an asset: one file of `sql/checks`, or, where `seen` says it, what a load sees while it reads the
    objects; the latter only ever warns.
    """

    name: str
    asset: str
    dataset: Dataset
    seen: str = ""

    @property
    def file(self) -> str:
        """The query, as a file of `sql/`."""
        return f"checks/{self.name}"

    @property
    def description(self) -> str:
        """The rule as a sentence."""
        return self.seen or self._head[2]

    def blocks(self, settings: Settings) -> bool:
        """Whether it decides about a publication: as its file says, or the setting that the file names."""
        if self.seen:
            return False
        severity, setting, _ = self._head
        return (severity or getattr(settings, setting.lower())) == "block"

    @cached_property
    def _head(self) -> tuple[str, str, str]:
        """Severity, setting and rule at the head of the file."""
        match = _HEAD.match(queries.read(self.file))
        assert match, f"{self.file}: the first line says neither block nor warn"
        return match[1] or "", match[2] or "", match[3]


#: The checks that are queries.
CHECKS: Sequence[Check] = (
    Check("events_counts", "staging_events", "events"),
    Check("events_objects", "staging_events", "events"),
    Check("events_reject_share", "staging_events", "events"),
    Check("events_row_drop", "staging_events", "events"),
    Check("events_allowed_values", "staging_events", "events"),
    Check("events_of_other_days", "staging_events", "events"),
    Check("events_without_plays", "staging_events", "events"),
    Check("sessions_contiguous", "staging_events", "events"),
    Check("songplays_keys", "songplays", "events"),
    Check("songplays_complete", "songplays", "events"),
    Check("songplays_orphans", "songplays", "events"),
    Check("songplays_match_rate", "songplays", "events"),
    Check("users_keys", "users", "events"),
    Check("time_keys", "time", "events"),
    Check("songs_counts", "staging_songs", "songs"),
    Check("songs_objects", "staging_songs", "songs"),
    Check("songs_reject_share", "staging_songs", "songs"),
    Check("songs_row_drop", "staging_songs", "songs"),
    Check("songs_complete", "songs", "songs"),
    Check("songs_keys", "songs", "songs"),
    Check("artists_keys", "artists", "songs"),
)

#: The checks of what is seen while objects are read: `load/client_checks.py` makes them.
CLIENT_CHECKS: Sequence[Check] = (
    Check(
        "events_fields",
        "staging_events",
        "events",
        "the first records of up to 50 objects, spread over what is loaded together, have the fields that a load reads,"
        " each once, and no others",
    ),
    Check(
        "songs_fields",
        "staging_songs",
        "songs",
        "records have the fields that a load reads, each once, and no others",
    ),
    Check(
        "events_equal_objects",
        "staging_events",
        "events",
        "no two objects of a day have one and the same content",
    ),
    Check(
        "songs_equal_objects",
        "staging_songs",
        "songs",
        "no two objects of a prefix have one and the same content",
    ),
)

#: All of them, in the order in which they are shown.
ALL_CHECKS: Sequence[Check] = (*CHECKS, *CLIENT_CHECKS)


def gates(dataset: Dataset, settings: Settings) -> list[Check]:
    """The checks that decide, inside the transaction, whether a partition is published."""
    return [check for check in CHECKS if check.dataset == dataset and check.blocks(settings)]


def warning_queries(dataset: Dataset, settings: Settings) -> list[Check]:
    """The checks that are asked in the same transaction, and only warn."""
    return [check for check in CHECKS if check.dataset == dataset and not check.blocks(settings)]


def sampled(rows: Sequence[dict[str, Any]]) -> list[dict[str, str | None]]:
    """The first of some rows as text by column."""
    return [
        {name: None if value is None else str(value) for name, value in row.items()}
        for row in rows[:SAMPLE_ROWS]
    ]
