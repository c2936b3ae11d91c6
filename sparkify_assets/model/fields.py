"""The fields of the source's records that a load reads.

Which fields the records really have is examined in `source.sampling`.
"""

from __future__ import annotations

import json
import re

from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.model.tables import TABLES


def expected_fields(dataset: Dataset) -> dict[str, str]:
    """The fields that a load reads, each with the type of its column, as `sql/ddl` declares it."""
    types = list(TABLES[f"staging_{dataset}"].types.items())[:-1]  # the last is the partition's
    if dataset == "songs":
        return dict(types)
    paths = json.loads((queries.FOLDER / "copy/log_json_path.json").read_text("utf-8"))["jsonpaths"]
    names = [re.sub(r"^\$\['(\w+)'\]$", r"\1", path) for path in paths]
    return {name: type_ for name, (_, type_) in zip(names, types, strict=True)}
