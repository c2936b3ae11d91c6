"""How many statements a batch sends to the warehouse, counted in `sql/` without sending one.

Belongs here: the files that a batch runs, in its two transactions. Does not: running them (`stage`, `publish`). A
test holds the count against the transcript of a real load (`tests/redshift/transcript.txt`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparkify_assets.load.compact import SMALL_DAY_BYTES
from sparkify_assets.model import queries
from sparkify_assets.model.checks import gates, warning_queries
from sparkify_assets.model.datasets import Dataset, Partition
from sparkify_assets.model.merges import MERGES
from sparkify_assets.settings import Settings
from sparkify_assets.source.store import SourceObject
from sparkify_assets.warehouse.transaction import INSERT_ROWS

#: The files around COPY, in the first transaction, and those around the merges and checks, in the second.
_STAGING: Mapping[Dataset, Sequence[str]] = {
    "songs": ("copy/incoming_songs", "copy/faulty_songs", "copy/staged_songs", "analyze/incoming_songs"),
    "events": ("copy/faulty_events", "analyze/incoming_events"),
}
_COPY_OF_SONGS = ("copy/songs", "copy/copied")
_COPY_OF_EVENTS = ("ddl/arriving_events", "copy/events", "copy/copied", "copy/incoming_events")
_PUBLISHING = (
    "ledger/lock", "ledger/known_objects", "ledger/discard_loads", "ledger/insert_loads", "ledger/batch_share",
    "merge/reach_of_plays", "merge/plays_by_day", "ledger/publish", "ledger/batch_bytes", "ledger/batch",
    "ledger/insert_batch",
)  # fmt: skip

#: BEGIN and COMMIT of both transactions.
_FRAMES = 4


def statements_of(
    dataset: Dataset, objects: Mapping[Partition, Sequence[SourceObject]], settings: Settings
) -> int:
    """How many statements a batch of these objects sends on Redshift if nothing of it is rejected or noticed, and if it
    is a large part of what is there, so that statistics are renewed.
    """
    files = sum(map(len, objects.values()))
    names = [
        "redshift/session",
        "ddl/incoming_batch",
        *(_COPY_OF_SONGS if dataset == "songs" else _COPY_OF_EVENTS * _copies(objects)),
        *_STAGING[dataset],
        *_PUBLISHING,
        f"ledger/discard_{dataset}",
        *("ledger/insert_objects" for _ in range(0, files, INSERT_ROWS)),
        *(name for name, _ in MERGES[dataset]),
        *(check.file for check in (*gates(dataset, settings), *warning_queries(dataset, settings))),
        *(["ledger/discard_warnings"] if warning_queries(dataset, settings) else ()),
    ]
    return _FRAMES + sum(len(queries.statements(name)) for name in names)


def _copies(objects: Mapping[Partition, Sequence[SourceObject]]) -> int:
    """How many COPYs stage the days: one for all that are small, and one for each of the others."""
    sizes = [sum(item.size for item in items) for items in objects.values()]
    large = sum(size > SMALL_DAY_BYTES for size in sizes)
    return large + (large < len(sizes))
