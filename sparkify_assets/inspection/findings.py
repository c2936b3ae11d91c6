"""What the checks found, in the form that `load`, `status` and the report share.

Belongs here: findings put together by check. Does not: asking one check (`load.audit`), keeping what it found
(`load.ledger`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from sparkify_assets.load import ledger
from sparkify_assets.load.audit import violations
from sparkify_assets.model.checks import ALL_CHECKS, SAMPLE_ROWS, Check, Violation
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.transaction import Transaction

#: A row that offends, as text by column.
Row = dict[str, str | None]


@dataclass(frozen=True)
class Outcome:
    """What a check found: how many records or rows, in which partitions, and some of the rows.

    All rows have the same columns, although those in the ledger may come from an earlier form of the rule.
    """

    check: str
    rule: str
    violations: int
    partitions: Sequence[str]
    sample: Sequence[Row]


class CheckResult(NamedTuple):
    """A check, whether it blocks, and what it finds in everything that is published."""

    check: Check
    blocks: bool
    outcome: Outcome


def by_check(warnings: Iterable[Violation], expected: Container[str] = ()) -> list[Outcome]:
    """Warnings grouped by check, in the order of the checks, without those of checks that are expected to warn. If a
    check was run again for a partition, as when songs are loaded before their plays, its last result counts.
    """
    latest = {(found.check, found.partition_key): found for found in warnings if found.check not in expected}
    by_name: dict[str, list[Violation]] = {}
    for (check, _), found in sorted(latest.items()):
        by_name.setdefault(check, []).append(found)
    return [_outcome(check, by_name[check.name]) for check in ALL_CHECKS if check.name in by_name]


def _outcome(check: Check, found: Sequence[Violation]) -> Outcome:
    # The first row of each sample, then the second, and so on, so that few rows are of many partitions.
    turns = zip_longest(*(violation.sample for violation in found))
    rows = [row for turn in turns for row in turn if row is not None][:SAMPLE_ROWS]
    columns = dict.fromkeys(name for row in rows for name in row)
    return Outcome(
        check=check.name,
        rule=check.description,
        violations=sum(violation.count for violation in found),
        partitions=[violation.partition_key for violation in found],
        sample=[{name: row.get(name) for name in columns} for row in rows],
    )


def check_results(transaction: Transaction, settings: Settings) -> list[CheckResult]:
    """Every check of what is published: blocking checks are run now, and what warning checks found is read from the
    ledger.
    """
    bounds = {dataset: (first, last) for dataset, first, last in transaction.rows("ledger/published_bounds")}
    warned: dict[str, list[Violation]] = {}
    for warning in ledger.current_warnings(transaction):
        warned.setdefault(warning.check, []).append(warning)
    results = []
    for check in ALL_CHECKS:
        blocks = check.blocks(settings)
        if check.dataset in bounds or (not blocks and check.name in warned):
            found = (
                violations(transaction, check, *bounds[check.dataset], settings)
                if blocks
                else warned.get(check.name, [])
            )
            results.append(CheckResult(check, blocks, _outcome(check, found)))
    return results
