"""The settings of Dagster for production: they load, and what they name is used."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import psycopg2
import pytest
import yaml
from dagster_aws.ecs import EcsRunLauncher
from dagster_postgres.event_log import PostgresEventLogStorage

from sparkify_assets.defs.instance import prepare_home
from sparkify_assets.defs.storage import log_materializations
from sparkify_assets.settings import Settings, SettingsError
from tests.deploy.conftest import DEPLOY, ROOT


@dg.op
def speak() -> None:
    """Leave a line in the step's log."""
    print("said by the step")  # noqa: T201


@dg.job(executor_def=dg.in_process_executor)
def spoken() -> None:
    """A run with a log."""
    speak()


@dg.multi_asset(specs=[dg.AssetSpec(name, skippable=True) for name in ("plays", "users")])
def two_tables(context) -> Iterator[dg.Output[None]]:  # type: ignore[no-untyped-def]
    """Two tables of which two days are recorded together, and nothing else."""
    log_materializations(
        context,
        [
            dg.AssetMaterialization(asset, partition=day)
            for day in ("2018-11-01", "2018-11-02")
            for asset in ("plays", "users")
        ],
    )
    yield from ()


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def test_a_run_on_a_server_is_recorded_in_postgresql_and_its_log_on_s3(
    server_variables: dict[str, str], dagster_database: dict[str, Any]
) -> None:
    prepare_home(Settings.from_environment())

    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, PostgresEventLogStorage)
        run = spoken.execute_in_process(instance=instance)

    with psycopg2.connect(**dagster_database) as connection, connection.cursor() as cursor:
        cursor.execute("select status from runs where run_id = %s", [run.run_id])
        assert cursor.fetchall() == [("SUCCESS",)]
        cursor.execute("select count(*) > 0 from event_logs where run_id = %s", [run.run_id])
        assert cursor.fetchall() == [(True,)]
    s3 = boto3.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="logs").get("Contents", [])]
    (log,) = [key for key in keys if run.run_id in key and key.endswith(".out")]
    assert log.startswith("dagster-logs/")
    assert b"said by the step" in s3.get_object(Bucket="logs", Key=log)["Body"].read()
    connection.close()


def test_days_that_are_recorded_together_are_the_latest_of_each_table(
    server_variables: dict[str, str], dagster_database: dict[str, Any]
) -> None:
    prepare_home(Settings.from_environment())
    with dg.DagsterInstance.get() as instance:
        assert dg.materialize([two_tables], instance=instance).success
        for asset in ("plays", "users"):
            key = dg.AssetKey(asset)
            assert {"2018-11-01", "2018-11-02"} <= instance.get_materialized_partitions(key)
            (record,) = instance.get_asset_records([key])
            last = record.asset_entry.last_materialization
            assert last is not None
            assert last.asset_materialization is not None
            assert last.asset_materialization.partition == "2018-11-02"


def test_on_ecs_a_run_is_a_task_of_the_named_definition(
    aws: str, dagster_database: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = {"name": "run", "image": "sparkify", "memory": 2048}
    made = boto3.client("ecs").register_task_definition(family="sparkify-run", containerDefinitions=[image])
    at = {"password": "none", "port": "5432", **dagster_database}
    for name, value in {
        "DAGSTER_PG_USERNAME": at["user"],
        "DAGSTER_PG_PASSWORD": at["password"],
        "DAGSTER_PG_HOST": at["host"],
        "DAGSTER_PG_PORT": at["port"],
        "DAGSTER_PG_DB": at["dbname"],
        "DAGSTER_LOGS_BUCKET": "logs",
        "DAGSTER_RUN_TASK_DEFINITION": "sparkify-run",
    }.items():
        monkeypatch.setenv(name, str(value))
    shutil.copyfile(DEPLOY / "ecs" / "dagster.yaml", tmp_path / "dagster.yaml")
    if str(at["host"]).startswith(
        "/"
    ):  # a socket has no place in a host name: it is a parameter of the address
        monkeypatch.setenv("DAGSTER_PG_HOST", "")
        monkeypatch.setenv("PGHOST", str(at["host"]))

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_runs_count() == 0
        assert isinstance(instance.run_launcher, EcsRunLauncher)
        assert instance.run_launcher.task_definition == made["taskDefinition"]["taskDefinitionArn"]


@pytest.mark.parametrize("file", ["dagster.yaml", "ecs/dagster.yaml"])
def test_what_holds_on_a_laptop_holds_in_production(file: str) -> None:
    laptop, production = read(ROOT / "dagster.yaml"), read(DEPLOY / file)
    assert "custom" in laptop.pop("storage")
    assert "postgres" in production["storage"]
    production["run_monitoring"].pop("start_timeout_seconds", None)
    assert {name: production[name] for name in laptop} == laptop


def test_a_command_on_the_server_leaves_its_settings_in_place(server_variables: dict[str, str]) -> None:
    prepare_home(Settings.from_environment())
    there = Path(server_variables["DAGSTER_HOME"]) / "dagster.yaml"
    assert there.read_bytes() == (DEPLOY / "dagster.yaml").read_bytes()


def test_settings_that_are_not_there_are_named() -> None:
    with pytest.raises(SettingsError, match=r"SPARKIFY_DAGSTER_YAML is '/nowhere\.yaml'; there is no such"):
        Settings.from_environment(
            {"SPARKIFY_SOURCE": "file:///source", "SPARKIFY_DAGSTER_YAML": "/nowhere.yaml"}
        )
