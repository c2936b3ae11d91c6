"""The checks that only the client can make: what a person should know about a staged partition, and COPY leaves no
trace of.

Belongs here: pure functions from what was read to warnings, one for each of `checks.CLIENT_CHECKS`. Does not: reading,
or what queries can find (`sql/checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sparkify_assets.load.results import StagedPartition
from sparkify_assets.model.checks import Violation, sampled

#: How many objects of a batch are examined.
MAX_OBJECTS = 50


def spread(keys: Sequence[str], most: int = MAX_OBJECTS) -> frozenset[str]:
    """At most this many of the keys, evenly spaced from the first to the last."""
    if len(keys) <= most:
        return frozenset(keys)
    return frozenset(keys[place * (len(keys) - 1) // (most - 1)] for place in range(most))


def client_findings(staged: StagedPartition) -> list[Violation]:
    """Everything that these checks find in a staged partition."""
    return [found for look in _LOOKS for found in look(staged)]


def _unexpected_fields(staged: StagedPartition) -> Iterator[Violation]:
    """Fields that no load reads, and expected fields that are missing."""
    if rows := staged.unexpected_fields:
        dataset, key = staged.partition
        yield Violation(
            f"{dataset}_fields", key, len(rows), sampled([{"partition_key": key, **row} for row in rows])
        )


def _equal_objects(staged: StagedPartition) -> Iterator[Violation]:
    """Objects with the same content: copies, or one file under two names."""
    if found := staged.equal_objects():
        dataset, key = staged.partition
        rows = [{"partition_key": key, "objects": ", ".join(keys)} for keys in found]
        yield Violation(f"{dataset}_equal_objects", key, len(rows), sampled(rows))


_LOOKS: Sequence[Callable[[StagedPartition], Iterator[Violation]]] = (_unexpected_fields, _equal_objects)
