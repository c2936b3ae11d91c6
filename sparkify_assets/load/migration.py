"""Brings the tables of a warehouse over to those of `sql/ddl`, and the star with them: plan first, then carry out.

Everything happens in one transaction but ALTER COLUMN TYPE, which Redshift refuses there
(https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html): a wider column is harmless by itself, so it comes
first. The tables that are made, and the fingerprints of the rules in the ledger, decide whether the star is rebuilt and
whether records have to be read again.

Belongs here: the order of the steps, and their transaction. Does not: what is done about a difference (`remedies`),
finding it (`model.definitions`), reading the source again (`loader`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg2

from sparkify_assets.errors import SparkifyError
from sparkify_assets.load.publish import Publisher
from sparkify_assets.load.remedies import LeftToYou, Step, remedies
from sparkify_assets.load.results import Changes
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.model.definitions import Definition, Difference, differences, is_derived
from sparkify_assets.warehouse.catalog import definitions
from sparkify_assets.warehouse.errors import line
from sparkify_assets.warehouse.setup import create_tables
from sparkify_assets.warehouse.transaction import Transaction

#: How an error says that a view needs the table that is dropped, or the column whose type changes.
_DEPENDENTS = ("depend on it", "used by a view")


class MigrationRefused(SparkifyError):
    """The tables cannot be brought over as planned. They are as they were, but for columns that are wider."""


@dataclass(frozen=True)
class Migration:
    """What brings a warehouse over. `rebuilds` is whether the star is rebuilt from staging. `made_by_other_rules`
    counts the published partitions of which other rules than today's made the star, `staged_by_other_rules` those that
    have to be read again, which is a load's work: other rules staged them, or they lack a column, as `incomplete` do.
    """

    differences: Sequence[Difference]
    steps: Sequence[Step]
    left: Sequence[LeftToYou]
    rebuilds: bool
    made_by_other_rules: int
    staged_by_other_rules: int
    incomplete: int

    @property
    def changes_warehouse(self) -> bool:
        """Whether there is anything to carry out."""
        return bool(self.steps) or self.rebuilds


@dataclass
class Migrator:
    """Plans and carries out in the warehouse of a publisher."""

    publisher: Publisher

    def plan(self) -> Migration:
        """Compare the tables with `sql/ddl`, and the rules in the ledger with today's. Raises WarehouseError."""
        with self.publisher.warehouse.transaction(lock=False) as transaction:
            return _planned(transaction)

    def carry_out(self, plan: Migration) -> dict[str, Changes]:
        """Do what was planned. Returns what became of each table of the star, if it was rebuilt.

        Raises MigrationRefused if a table is not as it was planned, or if a view depends on one that is made anew;
        RulesRefused if the rebuilt star does not pass the blocking checks.
        """
        warehouse = self.publisher.warehouse
        try:
            for step in plan.steps:
                if step.apart:
                    warehouse.run_outside_transactions(step.file, **step.names)
            return warehouse.retried(lambda: self._together(plan))
        except psycopg2.Error as error:
            if not any(words in str(error) for words in _DEPENDENTS):
                raise
            raise MigrationRefused(f"{line(error)}: drop the view, and migrate again") from None

    def _together(self, plan: Migration) -> dict[str, Changes]:
        together = [step for step in plan.steps if not step.apart]
        lockable = all(step.table != queries.LOCK for step in together)  # else nobody can hold the lock
        with self.publisher.warehouse.transaction(lock=lockable) as transaction:
            if _planned(transaction).steps != together:
                raise MigrationRefused("the tables are not as they were when this was planned: plan it again")
            for step in together:
                if step.file:
                    transaction.define(step.file, **step.names)
            create_tables(transaction)
            transaction.run("ledger/read_again", datasets=_completed(together))
            changes: dict[str, Changes] = {}
            if plan.rebuilds and plan.incomplete:  # the checks are asked about each day when it is read again
                self.publisher.rebuild(transaction)
            elif plan.rebuilds:
                changes = self.publisher.rebuild_and_audit(transaction)
            for step in together:
                if step.makes_table and step.table in queries.filled_tables():
                    transaction.run(f"analyze/{step.table}")
            return changes


def _planned(transaction: Transaction) -> Migration:
    found = definitions(transaction)
    differ = differences(found)
    decided = list(remedies(found, differ))
    steps = [remedy for remedy in decided if isinstance(remedy, Step)]
    staged, made, incomplete = _of_other_rules(transaction, found, _completed(steps))
    return Migration(
        differences=differ,
        steps=steps,
        left=[remedy for remedy in decided if isinstance(remedy, LeftToYou)],
        rebuilds="ledger.loads" in found and _rebuilds(steps, made, incomplete),
        made_by_other_rules=made,
        staged_by_other_rules=staged,
        incomplete=incomplete,
    )


def _rebuilds(steps: Sequence[Step], made_by_other_rules: int, incomplete: int) -> bool:
    """Whether the star has to be rebuilt. While staging is incomplete its rows stay, for what is read again replaces
    them, unless a table is made.
    """
    of_star = [step for step in steps if is_derived(step.table)]
    if incomplete:
        return any(step.makes_table for step in of_star)
    return bool(of_star) or made_by_other_rules > 0


def _completed(steps: Sequence[Step]) -> tuple[str, ...]:
    """The data sets whose records get a column or a table, and have to be read again to fill it; never empty, as SQL
    wants it.
    """
    staged = {f"{schema}.{dataset}": dataset for dataset in DATASETS for schema in ("staging", "incoming")}
    return tuple({staged[step.table] for step in steps if step.table in staged and not step.apart}) or ("",)


def _of_other_rules(
    transaction: Transaction, found: Mapping[str, Definition], completed: tuple[str, ...]
) -> tuple[int, int, int]:
    """How many published partitions have to be read again, of how many the star was made by other rules, and how many
    lack a column.
    """
    if "ledger.loads" not in found:
        return 0, 0, 0
    if not {"staging_rules", "star_rules"} <= found["ledger.loads"].columns.keys():  # the first edition
        published = transaction.value("ledger/published_count")
        return published, published, 0
    rules = queries.rules()
    ((staged, made, incomplete),) = transaction.rows(
        "ledger/other_rules", staging_rules=rules.staging, star_rules=rules.star, datasets=completed
    )
    return staged, made, incomplete
