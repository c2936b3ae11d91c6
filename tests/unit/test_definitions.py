"""The code location in this process, on an instance of its own: what a run materializes, records and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs, defs
from sparkify_assets.defs.source_assets import LANDED
from sparkify_assets.load.loader import Loader
from sparkify_assets.model import queries
from sparkify_assets.model.tables import ASSETS, TABLES

DAYS = ("2018-11-02", "2018-11-03", "2018-11-04")  # of the five that the source has
ROOT = Path(__file__).parents[2]
SONGS, EVENTS = list(ASSETS["songs"]), list(ASSETS["events"])


@pytest.fixture
def source(source: Path) -> Path:
    """Five days of events and a few songs."""
    write_sample(source, events=500, songs=10, days=5, seed=7)
    return source


def day_file(source: Path, day: str) -> Path:
    (path,) = (source / "log_data").rglob(f"{day}-events.json")
    return path


def run(loader: Loader, assets: list[str], **config: Any) -> dg.ExecuteInProcessResult:
    """One run of the load job over assets, for those of events over the days."""
    tags = {"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[-1]}
    steps = [
        step for step, first in (("load_songs", SONGS[0]), ("load_events", EVENTS[0])) if first in assets
    ]
    return (
        build_defs(loader.settings, loader=loader)
        .resolve_job_def("load")
        .execute_in_process(
            instance=dg.DagsterInstance.ephemeral(),
            asset_selection=[dg.AssetKey(asset) for asset in assets],
            tags=tags if EVENTS[0] in assets else {},
            run_config={"ops": {step: {"config": config} for step in steps}},
            raise_on_error=False,
        )
    )


def materialized(result: dg.ExecuteInProcessResult) -> list[tuple[str, str | None]]:
    """Asset and partition of each materialization, in order."""
    return [
        (materialization.asset_key.to_user_string(), materialization.partition)
        for event in result.all_events
        if event.is_step_materialization
        for materialization in [event.step_materialization_data.materialization]
    ]


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def checks_of(dataset: str) -> set[str]:
    """The checks that guard the tables of a data set, by the names of their files."""
    of_songs = ("songs_", "artists_")
    seen = {f"{of}_{what}" for of in ("events", "songs") for what in ("fields", "equal_objects")}
    names = {Path(name).name for name in queries.names("checks")} | seen
    return {name for name in names if name.startswith(of_songs) == (dataset == "songs")}


def test_what_dagster_loads_is_complete() -> None:
    location = defs()
    dg.Definitions.validate_loadable(location)
    specs = {spec.key.to_user_string(): spec for spec in location.resolve_all_asset_specs()}
    assert {*TABLES, "song_data", "log_data"} <= specs.keys()
    assert all("dagster/column_lineage" in specs[asset].metadata for asset in TABLES)


def test_every_asset_says_what_it_is_whose_and_where_its_code_is() -> None:
    location = defs()
    layers: dict[str, set[str]] = {}
    for spec in location.resolve_all_asset_specs():
        name = spec.key.to_user_string()
        layers.setdefault(str(spec.group_name), set()).add(name)
        assert len(spec.description or "") > 30, name
        assert spec.owners, name
        assert spec.kinds, name
        assert spec.tags["domain"] in {"listening", "library", "platform"}, name
        references = spec.metadata["dagster/code_references"].code_references
        files = {
            Path(reference.file_path).relative_to(ROOT): reference.line_number for reference in references
        }
        assert all((ROOT / file).is_file() for file in files), (name, files)
        if spec.group_name in ("landing", "staging", "sparkify"):
            assert spec.metadata["dagster/column_schema"].columns, name
        if name in location.resolve_asset_graph().executable_asset_keys:
            (line,) = [line for file, line in files.items() if file.suffix == ".py"]
            assert line > 1, f"{name} leads to the function that makes it"
    assert set(layers) == {"landing", "staging", "sparkify", "analytics", "profile", "infrastructure"}
    assert layers["staging"] | layers["sparkify"] == TABLES.keys()


def test_what_names_people_is_marked() -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs().resolve_all_asset_specs()}
    marked = {name for name, spec in specs.items() if spec.tags.get("pii")}
    names_people = {"firstName", "first_name", "userAgent", "user_agent"}
    assert marked >= {name for name, table in TABLES.items() if names_people & table.columns.keys()}
    assert marked == {
        "log_data", "staging_events", "users", "songplays", "log_data_profile", "top_users", "report"
    }  # fmt: skip


def test_lineage_leads_to_the_fields_of_the_landed_records() -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs().resolve_all_asset_specs()}
    fields = {
        landed: {column.name for column in specs[landed].metadata["dagster/column_schema"].columns}
        for landed in LANDED.values()
    }
    for staging, landed in (("staging_events", "log_data"), ("staging_songs", "song_data")):
        lineage = specs[staging].metadata["dagster/column_lineage"].deps_by_column
        assert {dep.column_name for deps in lineage.values() for dep in deps} == fields[landed]


def test_a_range_of_days_is_one_run_and_materializes_the_days_that_there_are(
    loader: Loader, source: Path
) -> None:
    day_file(source, DAYS[1]).unlink()
    result = run(loader, EVENTS)
    assert result.success
    assert sorted(materialized(result)) == sorted(
        (asset, day) for asset in EVENTS for day in (DAYS[0], DAYS[2])
    )
    found = evaluations(result)
    assert found.keys() == checks_of("events")
    assert all(evaluation.passed for name, evaluation in found.items() if blocks(name))
    assert all(evaluation.partition is None for evaluation in found.values())


def blocks(check: str) -> bool:
    file = f"checks/{check}"
    return file in queries.names("checks") and queries.read(file).startswith("-- block")


def test_each_day_is_recorded_with_its_own_rows(loader: Loader, source: Path) -> None:
    result = run(loader, EVENTS)
    shown = {
        (data.asset_key.to_user_string(), data.partition): data.metadata
        for event in result.all_events
        if event.is_step_materialization
        for data in [event.step_materialization_data.materialization]
    }
    for day in DAYS:
        lines = day_file(source, day).read_text("utf-8").splitlines()
        plays = sum(json.loads(line)["page"] == "NextSong" for line in lines)
        assert shown["staging_events", day]["dagster/partition_row_count"].value == len(lines)
        assert shown["staging_events", day]["bytes"].value == day_file(source, day).stat().st_size
        assert shown["songplays", day]["dagster/partition_row_count"].value == plays


def test_songs_and_days_share_a_run_songs_first(loader: Loader) -> None:
    result = run(loader, [*SONGS, *EVENTS])
    assert result.success
    assets = [asset for asset, _ in materialized(result)]
    assert assets[: len(SONGS)] == SONGS
    assert set(assets[len(SONGS) :]) == set(EVENTS)
    assert evaluations(result).keys() == checks_of("songs") | checks_of("events")


def test_a_run_for_what_changed_leaves_the_rest_alone(loader: Loader, source: Path) -> None:
    assert run(loader, EVENTS).success
    assert materialized(run(loader, EVENTS, only_changed=True)) == []
    with day_file(source, DAYS[2]).open("a") as file:
        file.write("\n")
    again = run(loader, EVENTS, only_changed=True)
    assert sorted(materialized(again)) == sorted((asset, DAYS[2]) for asset in EVENTS)


def test_a_blocked_day_fails_the_run_by_name_after_the_good_days(loader: Loader, source: Path) -> None:
    lines = day_file(source, DAYS[1]).read_text("utf-8").splitlines()
    with day_file(source, DAYS[1]).open("a") as file:
        file.write('{"cut": \n' * len(lines))
    result = run(loader, EVENTS)
    assert not result.success
    assert sorted(materialized(result)) == sorted(
        (asset, day) for asset in EVENTS for day in (DAYS[0], DAYS[2])
    )
    (failure,) = result.get_step_failure_events()
    assert failure.step_failure_data.error is not None
    assert f"blocked: {DAYS[1]} by events_reject_share; log_data/" in failure.step_failure_data.error.message
    assert failure.step_failure_data.user_failure_data is not None
    assert list(failure.step_failure_data.user_failure_data.metadata) == [DAYS[1], "rejected", "not loaded"]
    refused = evaluations(result)["events_reject_share"]
    assert (refused.passed, refused.severity) == (False, dg.AssetCheckSeverity.ERROR)
    (row,) = refused.metadata["sample"].records
    assert row.data == {
        "partition_key": DAYS[1],
        "records_read": str(2 * len(lines)),
        "rows_quarantined": str(len(lines)),
    }
    connection = loader.warehouse.connect(read_only=True)
    with connection.cursor() as cursor:
        cursor.execute("select distinct event_date from staging.events order by event_date")
        assert [str(day) for (day,) in cursor.fetchall()] == [DAYS[0], DAYS[2]]
    connection.close()
