"""The checks: the queries of `sql/checks`, each of which selects offending rows, and what a load notices while reading.

A blocking check decides inside the publishing transaction. A warning check runs there too, right after the blocking
ones, and what it finds is kept in `ledger.warnings`. The first comment of a file says which of them it is, or which
setting decides.
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

#: How many offending rows of a partition are kept as a sample.
SAMPLE_ROWS = 10

#: The column in which a query says how many records a row of it stands for.
RECORDS = "records"

_HEAD = re.compile(r"(?:(block|warn)|warn or block, as SPARKIFY_(\w+) says): (.+)")


@dataclass(frozen=True)
class Violation:
    """What a check found in one partition: how many records or rows, and the first of them as text by column."""

    check: str
    partition_key: str
    count: int
    sample: list[dict[str, str | None]]


@dataclass(frozen=True)
class Check:
    """A rule about an asset: one file of `sql/checks`, or something that a load notices while it reads the objects, in
    which case `seen` is the rule, and the check only ever warns.
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
        """Whether it blocks publication, according to its file or to the setting that the file names."""
        if self.seen:
            return False
        severity, setting, _ = self._head
        return (severity or getattr(settings, setting.lower())) == "block"

    @cached_property
    def _head(self) -> tuple[str, str, str]:
        """Severity, setting and rule at the head of the file."""
        match = _HEAD.fullmatch(queries.heading(self.file)[0])
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

#: The checks of what a load notices while it reads objects: see `load/client_checks.py`.
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

#: All checks, in the order of display.
ALL_CHECKS: Sequence[Check] = (*CHECKS, *CLIENT_CHECKS)


def gates(dataset: Dataset, settings: Settings) -> list[Check]:
    """The blocking checks, which decide inside the transaction whether a partition is published."""
    return [check for check in CHECKS if check.dataset == dataset and check.blocks(settings)]


def warning_queries(dataset: Dataset, settings: Settings) -> list[Check]:
    """The warning checks that are queries."""
    return [check for check in CHECKS if check.dataset == dataset and not check.blocks(settings)]


def sampled(rows: Sequence[dict[str, Any]]) -> list[dict[str, str | None]]:
    """The first of the rows, with values as text."""
    return [
        {name: None if value is None else str(value) for name, value in row.items()}
        for row in rows[:SAMPLE_ROWS]
    ]
