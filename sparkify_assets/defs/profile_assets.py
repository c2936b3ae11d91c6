"""The profiles of the source files as assets.

Belongs here: what Dagster shows of a profile, and when one is made. Does not: how it is made (`inspection.profile`).
"""

# Annotations are not postponed here, because Dagster reads the resources of an op from them.
from dataclasses import asdict
from typing import Any

import dagster as dg

from sparkify_assets.defs.conditions import DAILY
from sparkify_assets.defs.metadata import preview_rows, tags
from sparkify_assets.defs.source_assets import LANDED
from sparkify_assets.inspection.profile import Field, Profile, make_profile
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import DATASETS, Dataset
from sparkify_assets.settings import Settings

_NAMES: dict[Dataset, str] = {"events": "log_data_profile", "songs": "song_data_profile"}


def profile_names() -> list[str]:
    """The names of the assets."""
    return list(_NAMES.values())


def profile_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """A profile of each data set."""
    return [_asset(settings, dataset) for dataset in DATASETS]


def _asset(settings: Settings, dataset: Dataset) -> dg.AssetsDefinition:
    @dg.asset(
        name=_NAMES[dataset],
        group_name="profile",
        deps=[LANDED[dataset], f"staging_{dataset}"],
        description=(
            f"What the files of `{LANDED[dataset]}` hold, field by field: counts, types, frequent values, oddities,"
            " and what has changed since the previous profile. It is read from the files, not from the tables.\n\n"
            "Made by the statements of `sql/profile`."
        ),
        kinds={"duckdb", "json"},
        owners=["team:data-engineering"],
        tags=tags("listening", pii=True) if dataset == "events" else tags("library"),
        automation_condition=DAILY,
    )
    def asset(loader: dg.ResourceParam[Loader]) -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata=_metadata(make_profile(settings, loader.source, dataset)))

    return asset


def _metadata(found: Profile) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "dagster/row_count": found.records,
        "objects": found.objects,
        "bytes": found.bytes,
        "not records": found.faults,
        "unknown fields": len(found.unknown),
        "missing fields": len(found.missing),
        "findings": sum(
            oddity.records for oddity in found.oddities
        ),  # a record may be found by several rules
        "seconds": found.seconds,
        "fields": preview_rows([_field_row(item) for item in found.fields]),
        "drift": dg.MetadataValue.md(_drift(found)),
    }
    if found.oddities:
        metadata["oddities"] = preview_rows(
            [{**asdict(oddity), "examples": " · ".join(oddity.examples)} for oddity in found.oddities]
        )
    if found.unknown:
        metadata["unknown"] = preview_rows(
            [{"field": name, "seen": seen} for name, seen in found.unknown.items()]
        )
    return metadata


def _drift(found: Profile) -> str:
    if found.drift is None:
        return "there is no earlier profile to compare with"
    return "\n".join(f"* {line}" for line in found.drift) or "nothing has moved"


def _field_row(item: Field) -> dict[str, Any]:
    return {
        "field": item.name,
        "present": item.present,
        "null": item.present - item.filled,
        "empty": item.empty,
        "distinct": item.distinct,
        "types": " ".join(item.types),
        "least": item.least,
        "greatest": item.greatest,
        "longest": item.longest_bytes,
        "width": item.width,
        "top": " · ".join(f"{text} ({records})" for text, records in item.top),
    }
