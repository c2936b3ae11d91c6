"""The fields of the source's records that a load reads.

Which fields the records really have is examined in `source.sampling`.
"""

from __future__ import annotations

from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.model.tables import TABLES


def expected_fields(dataset: Dataset) -> dict[str, str]:
    """The fields that a load reads, each with the type of its column, as `sql/ddl` declares it."""
    types = list(TABLES[f"staging_{dataset}"].types.items())[:-1]  # the last is the partition's
    if dataset == "songs":
        return dict(types)
    return {key: type_ for key, (_, type_) in zip(queries.event_keys(), types, strict=True)}
