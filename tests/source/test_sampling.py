"""The fields of the first records of objects, compared with those that a load reads."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.definitions import build_defs
from sparkify_assets.load.loader import Loader
from sparkify_assets.source.sampling import unexpected
from sparkify_assets.source.urls import open_store
from tests.inspection.test_profile import EVENT, write


@pytest.fixture
def day(source: Path) -> Path:
    folder = source / "log_data/2018/11"
    folder.mkdir(parents=True)
    return folder / "2018-11-05-events.json"


def test_a_load_checks_its_fields_and_goes_on(loader: Loader, day: Path) -> None:
    write(day, {}, {"itemInSession": 1, "device": "phone"}, {"itemInSession": 2, "ts": "yesterday"})
    job = build_defs(loader.settings, loader=loader).resolve_job_def("load")
    result = job.execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        asset_selection=[dg.AssetKey(name) for name in ("staging_events", "users", "time", "songplays")],
        tags={"dagster/partition": "2018-11-05"},
    )
    assert result.success
    (check,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "events_fields"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    rows = [row.data for row in check.metadata["sample"].records]
    assert rows == [
        {
            "partition_key": "2018-11-05",
            "field": "device",
            "is": "unknown",
            "records": "1",
            "object": "log_data/2018/11/2018-11-05-events.json",
            "example": '"phone"',
        }
    ]
    with loader.warehouse.transaction(lock=False) as transaction:
        ((*_, column, _, raw),) = transaction.rows("ledger/quarantined", partition_key=None, object_key=None)
    assert (column, "yesterday" in raw) == ("ts", True)  # a value of another type is quarantined


def test_the_fields_of_the_real_data_are_those_expected(loader: Loader, reference: Path) -> None:
    store = open_store(reference.as_uri())
    assert unexpected("events", store, [item.key for item in store.list("log_data/")]) == []
    assert unexpected("songs", store, [item.key for item in store.list("song_data/")]) == []
    assert unexpected("songs", store, ["song_data/A/A/A/gone.json"]) == []


def test_missing_fields_and_the_start_of_packed_objects_are_seen(day: Path, source: Path) -> None:
    packed = day.with_name("2018-11-06-events.json.gz")
    record = {name: value for name, value in EVENT.items() if name != "level"}
    lines = "\n".join(json.dumps({**record, "itemInSession": n, "song": str(n) * 500}) for n in range(5000))
    packed.write_bytes(gzip.compress(lines.encode()))
    found = unexpected("events", open_store(source.as_uri()), [f"log_data/2018/11/{packed.name}"])
    assert [(row["field"], row["is"], row["example"]) for row in found] == [("level", "missing", "")]
    assert found[0]["records"] > 10


def test_a_key_that_is_there_twice_is_named_with_its_values(day: Path, source: Path) -> None:
    """Also where it is written otherwise, and not where a text or a nested value only looks like it."""
    plain = json.dumps(EVENT)
    lines = [
        plain[:-1] + ', "userId": "8"}',
        plain[:-1] + r', "user\u0049d" : "9"}',
        json.dumps({**EVENT, "song": '"userId": "7"', "userAgent": '":'}),
        plain,
    ]
    day.write_text("\n".join(lines))
    found = unexpected("events", open_store(source.as_uri()), [str(day.relative_to(source))])
    values = json.dumps(EVENT["userId"])
    assert found == [
        {
            "field": "userId",
            "is": "duplicate",
            "records": 2,
            "object": str(day.relative_to(source)),
            "example": f'{values}, "8"',
        }
    ]
