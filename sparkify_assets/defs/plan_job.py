"""The job `plan_load`: what the next load would do, on Dagster's page.

Belongs here: the job, and the answer as its metadata. Does not: the answer itself (`inspection.next_load`).
"""

# No postponed annotations here: Dagster reads the config class and the resource of an op from them.
from dataclasses import asdict
from typing import Any

import dagster as dg
from pydantic import Field

from sparkify_assets.defs.metadata import preview_rows
from sparkify_assets.errors import SparkifyError
from sparkify_assets.inspection.next_load import NextLoad, Price, next_load, next_rebuild
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.selection import Selection

#: How many partitions the page shows; `sparkify plan --format json` names all of them.
SHOWN = 500


class PlanConfig(dg.Config):
    """What the load would be asked for: the options of `sparkify load`."""

    days: str = Field("", description="Only these days: A..B, or one day.")
    songs: str = Field("", description="Only these prefixes, such as AA,AB.")
    full: bool = Field(False, description="Also what has not changed.")
    republish: bool = Field(False, description="A rebuild of the star from staging instead.")
    accept_deletions: bool = Field(False, description="Accept a listing that lacks many known objects.")


def plan_job(price: Price) -> dg.JobDefinition:
    """The job; `price` is what an hour of Redshift costs."""

    @dg.op(out=dg.Out(dg.Nothing), description="Compares source and ledger, and writes nothing.")
    def plan_next_load(
        context: dg.OpExecutionContext, config: PlanConfig, loader: dg.ResourceParam[Loader]
    ) -> None:
        try:
            if config.republish:
                found = next_rebuild(loader, price)
            else:
                asked = Selection(config.days, config.songs, config.full)
                found = next_load(loader, asked, price, accept_deletions=config.accept_deletions)
        except SparkifyError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        context.add_output_metadata(_metadata(found))

    @dg.job(name="plan_load", description="Says what the next load would do, and writes nothing.")
    def plan_load() -> None:
        plan_next_load()

    return plan_load


def _metadata(found: NextLoad) -> dict[str, Any]:
    """The sums, and a table of the partitions; what is unknown or does not apply is left out."""
    sums = {
        name: value
        for name, value in asdict(found).items()
        if isinstance(value, bool | int | float | str) and value != ""
    }
    waiting = {name: getattr(found, name) for name in ("blocked", "kept", "inseparable", "outside")}
    return {
        **sums,
        **{name: dg.MetadataValue.json(value) for name, value in waiting.items() if value},
        "partitions": preview_rows(asdict(item) for item in found.partitions[:SHOWN]),
    }
