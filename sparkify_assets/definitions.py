"""The code location that Dagster loads: all assets, checks, jobs, sensors, schedules and resources
(https://docs.dagster.io/guides/build/projects).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import dagster as dg

from sparkify_assets.defs.load_assets import load_assets, load_job
from sparkify_assets.defs.metadata import with_column_lineage
from sparkify_assets.defs.plan_job import plan_job
from sparkify_assets.defs.report_assets import report_assets
from sparkify_assets.defs.schedules import automation_defs
from sparkify_assets.defs.source_assets import landing_assets
from sparkify_assets.infra.jobs import infrastructure_defs
from sparkify_assets.infra.prices import usd_per_hour
from sparkify_assets.load.loader import open_loader
from sparkify_assets.settings import Settings

# backfill_policy is marked beta; it is what makes one run of many days, and is tested here.
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def build_defs(
    settings: Settings | None = None,
    *,
    for_the_page: bool = False,
    **resources: Any,
) -> dg.Definitions:
    """The code location for the given settings, or for the environment's. Resources given by name override the
    defaults.

    Column lineage and links to the code take a third of a second and are for display only.
    """
    settings = settings or Settings.from_environment()
    made: Sequence[Any] = [*load_assets(settings), *report_assets(settings)]
    if for_the_page:
        made = dg.with_source_code_references(dg.map_asset_specs(with_column_lineage, made))
    load = load_job()
    analytics = dg.define_asset_job(
        "analytics",
        selection=dg.AssetSelection.groups("analytics", "profile"),
        description="Asks every question, profiles the source, and writes the report.",
    )
    core = dg.Definitions(
        assets=[*landing_assets(settings), *made],
        jobs=[load, analytics, plan_job(usd_per_hour)],
        resources={"loader": open_loader(settings), **resources},
        # A step is one batch; a process for each would cost more than it does.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(core, automation_defs(settings, load), infrastructure_defs(settings.home))


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads."""
    return build_defs(for_the_page=True)
