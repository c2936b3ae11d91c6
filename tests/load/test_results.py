"""How a load is cut into batches."""

from __future__ import annotations

import pytest

from sparkify_assets.load.results import in_batches
from sparkify_assets.model.datasets import Partition
from sparkify_assets.source.store import SourceObject

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ([], []),
        ([0, 0], [2]),
        ([1 * MB] * 10, [10]),  # nothing that would be worth a second transaction
        ([16 * MB] * 8, [4, 4]),
        ([100 * MB] * 8, [2, 2, 2, 2]),  # one is staged while another is published
        ([1024 * MB] * 8, [1] * 8),  # and a transaction ends within minutes
        ([3000 * MB, 1 * MB, 1 * MB], [1, 2]),  # a partition is never divided
    ],
)
def test_a_load_is_cut_by_the_size_of_its_objects(sizes: list[int], batches: list[int]) -> None:
    objects = {
        Partition("events", f"2018-11-{day:02}"): [SourceObject(f"{day}", "", size)]
        for day, size in enumerate(sizes, 1)
    }
    cut = list(in_batches(objects))
    assert [len(batch) for batch in cut] == batches
    assert {key: items for batch in cut for key, items in batch.items()} == objects
