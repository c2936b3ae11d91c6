"""What the checks found, in the form that `load`, `status` and the report share.

Belongs here: findings put together by check. Does not: asking one check (`load.audit`), keeping what it found
(`load.ledger`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from sparkify_assets.load import ledger
from sparkify_assets.load.audit import violations
from sparkify_assets.model.checks import ALL_CHECKS, SAMPLE_ROWS, Check, Violation
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.transaction import Transaction

#: A row that offends, as text by column.
Row = dict[str, str | None]


@dataclass(frozen=True)
class Warned:
    """What a warning check found: how many records or rows, in which partitions, and a sample."""

    check: str
    rule: str
    violations: int
    partitions: Sequence[str]
    sample: Sequence[Row]


@dataclass(frozen=True)
class Outcome:
    """A check, whether it blocks, and what it finds in everything that is published."""

    check: Check
    blocks: bool
    found: Sequence[Violation]

    @property
    def count(self) -> int:
        return sum(violation.count for violation in self.found)

    @property
    def sample(self) -> list[Row]:
        """Some of the rows, all with the same columns, since those in the ledger may come from an earlier form of the
        rule.
        """
        rows = _in_turn([violation.sample for violation in self.found])[: 2 * SAMPLE_ROWS]
        columns = dict.fromkeys(name for row in rows for name in row)
        return [{name: row.get(name) for name in columns} for row in rows]


def by_check(warnings: Iterable[Violation]) -> list[Warned]:
    """Warnings grouped by check, in the order of the checks. If a check was run again for a partition, as when songs
    are loaded before their plays, its last result counts.
    """
    latest = {(found.check, found.partition_key): found for found in warnings}
    by_name: dict[str, list[Violation]] = {}
    for (check, _), found in sorted(latest.items()):
        by_name.setdefault(check, []).append(found)
    return [
        Warned(
            check=check.name,
            rule=check.description,
            violations=sum(found.count for found in by_name[check.name]),
            partitions=[found.partition_key for found in by_name[check.name]],
            sample=_in_turn([found.sample for found in by_name[check.name]])[:SAMPLE_ROWS],
        )
        for check in ALL_CHECKS
        if check.name in by_name
    ]


def _in_turn(samples: Iterable[Sequence[Row]]) -> list[Row]:
    """The first row of each sample, then the second, and so on, so that few rows are of many partitions."""
    return [row for rows in zip_longest(*samples) for row in rows if row is not None]


def outcomes(transaction: Transaction, settings: Settings) -> list[Outcome]:
    """Every check of what is published: blocking checks are run now, and what warning checks found is read from the
    ledger.
    """
    bounds = {dataset: (first, last) for dataset, first, last in transaction.rows("ledger/published_bounds")}
    warned: dict[str, list[Violation]] = {}
    for found in ledger.current_warnings(transaction):
        warned.setdefault(found.check, []).append(found)
    result = []
    for check in ALL_CHECKS:
        blocks = check.blocks(settings)
        if blocks and check.dataset in bounds:
            result.append(
                Outcome(check, blocks, violations(transaction, check, *bounds[check.dataset], settings))
            )
        elif not blocks and (check.dataset in bounds or check.name in warned):
            result.append(Outcome(check, blocks, warned.get(check.name, [])))
    return result
