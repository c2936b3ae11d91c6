"""The fields of the source's records: those that a load reads, and those that there are.

COPY leaves out what it does not know and fills what is missing with nulls, without a word
(https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html); here both are named.
"""

from __future__ import annotations

import json
import re

from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.model.tables import TABLES


def expected_fields(dataset: Dataset) -> dict[str, str]:
    """The fields that a load reads -> the types of their columns, as `sql/ddl` declares them."""
    types = list(TABLES[f"staging_{dataset}"].types.items())[:-1]  # the last is the partition's
    if dataset == "songs":
        return dict(types)
    paths = json.loads((queries.FOLDER / "copy/log_json_path.json").read_text("utf-8"))["jsonpaths"]
    names = [re.sub(r"^\$\['(\w+)'\]$", r"\1", path) for path in paths]
    return {name: type_ for name, (_, type_) in zip(names, types, strict=True)}
