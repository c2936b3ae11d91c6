"""A workgroup of Redshift Serverless as the warehouse: address, credentials of a role, loads, and what it lacks."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import Digest, digest
from sparkify_assets.model import queries
from sparkify_assets.warehouse import transaction, workgroup_state
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import WarehouseError
from tests.conftest import load_all
from tests.infrastructure.harness import REGION, Emulator
from tests.redshift.conftest import ADMINISTRATOR, Authority, make_cluster
from tests.redshift.loads import s3_loader
from tests.redshift.test_cluster import ask, refusal
from tests.redshift.workgroup import LoopbackWorkgroup


@pytest.fixture(scope="module")
def workgroup(aws: Emulator, server: str, authority: Authority) -> Iterator[LoopbackWorkgroup]:
    """A prepared workgroup, which was still being created when the first session was opened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workgroup_state, "POLL_SECONDS", 0.05)
        with make_cluster(aws, server, authority, LoopbackWorkgroup) as made:
            made.warehouse().bootstrap()
            yield made


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days and some songs."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, events=200, songs=6, days=2, seed=12)
    return folder


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workgroup_state, "POLL_SECONDS", 0.05)


# --- the address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redshift-serverless://workgroup", "not of the form redshift-serverless://workgroup/database"),
        ("redshift-serverless://me:secret@workgroup/db", "takes no user and no password"),
        ("redshift-serverless://workgroup/db?user=me", "no option user"),
        ("redshift-serverless://workgroup/db?resume=no", "no option resume"),
        ("redshift-serverless://workgroup/db?login=user", "iam or secret"),
        ("redshift-serverless://workgroup/db?role=", "takes a value"),
        ("redshift://cluster/db?role=arn:aws:iam::1:role/x", "no option role"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_at_once(url: str, told: str) -> None:
    with pytest.raises(WarehouseError, match=told):
        Warehouse(url=url, folder=Path())


# --- credentials


def test_whoever_loads_is_the_user_of_one_role(workgroup: LoopbackWorkgroup) -> None:
    """https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html"""
    loader = f"iamr:{workgroup.identifier}-loader"
    assert ask(workgroup.warehouse(), "select current_user") == [(loader,)]
    owners = "select distinct tableowner from pg_tables where schemaname in ('sparkify', 'staging', 'ledger')"
    assert ask(workgroup.warehouse(), owners) == [(loader,)]


def test_an_identity_without_the_role_is_another_user(workgroup: LoopbackWorkgroup) -> None:
    without = (
        workgroup.url()
        .replace(f"role={workgroup.loader_role}&", "")
        .replace(f"&role={workgroup.loader_role}", "")
    )
    assert "role" not in without
    assert 'user "iamr:emulator" does not exist' in refusal(Warehouse(url=without, folder=Path()))


def test_the_administrator_gets_in_by_the_secret_of_the_namespace(workgroup: LoopbackWorkgroup) -> None:
    assert ask(workgroup.warehouse(login="secret"), "select current_user") == [(ADMINISTRATOR,)]


def test_a_role_that_may_not_be_assumed_is_one_line(workgroup: LoopbackWorkgroup, aws: Emulator) -> None:
    with aws.failing(sts_AssumeRole=("AccessDenied", "not authorized to perform: sts:AssumeRole")):
        told = refusal(workgroup.warehouse())
    assert f"workgroup {workgroup.identifier} in {REGION}: AWS:" in told
    assert "sts:AssumeRole" in told


def test_credentials_that_ended_early_are_made_anew(workgroup: LoopbackWorkgroup) -> None:
    warehouse = workgroup.warehouse()
    warehouse.connect().close()
    workgroup.end_credentials()
    assert ask(warehouse, "select 1") == [(1,)]


def test_the_password_is_shown_by_nothing(workgroup: LoopbackWorkgroup) -> None:
    warehouse = workgroup.warehouse()
    connection = warehouse.connect()
    redshift = warehouse.redshift
    assert redshift
    [password, key] = [redshift._credentials.password, redshift.service._session["SecretAccessKey"]]  # type: ignore
    for shown in (repr(warehouse), repr(redshift), repr(redshift.service), connection.dsn):
        assert password not in shown
        assert key not in shown
    connection.close()


# --- the workgroup


def test_a_workgroup_that_is_being_changed_is_waited_for(workgroup: LoopbackWorkgroup) -> None:
    boto3.client("redshift-serverless").update_workgroup(workgroupName=workgroup.identifier, baseCapacity=16)
    lines: list[str] = []
    assert ask(dataclasses.replace(workgroup.warehouse(), log=lines.append), "select 1") == [(1,)]
    assert lines
    assert set(lines) == {f"Workgroup {workgroup.identifier} is MODIFYING; waiting for AVAILABLE."}


def test_a_workgroup_that_is_not_there(workgroup: LoopbackWorkgroup) -> None:
    gone = Warehouse(url=f"redshift-serverless://nowhere/db?region={REGION}", folder=Path())
    assert "there is no workgroup nowhere" in refusal(gone)


# --- the same loads


def test_the_sample_gives_the_digest_that_files_give(
    workgroup: LoopbackWorkgroup, expected: Digest, sample: Path, tmp_path: Path
) -> None:
    warehouse = workgroup.warehouse()
    load_all(s3_loader(warehouse, workgroup.put_folder(sample, "landing"), workgroup, tmp_path))
    assert digest(warehouse) == expected
    assert {login for login in workgroup.endpoint.logins if "emulator" not in login} == {
        ADMINISTRATOR,
        f"IAMR:{workgroup.identifier}-loader",
    }


def test_no_view_that_only_a_cluster_has_is_asked(
    workgroup: LoopbackWorkgroup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/sys_view_migration.html"""
    workgroup.put(
        "few/song_data/Z/Z/Z/TRZZZ.json", '{"song_id": "S", "artist_id": "A", "year": "long ago"}\n'
    )
    monkeypatch.setattr(transaction, "LOAD_ERRORS_SECONDS", 0.2)
    workgroup.state.lag = 10_000
    workgroup.endpoint.statements.clear()
    try:
        with pytest.raises(Exception, match="sys_load_error_detail names 0: nothing was loaded"):
            load_all(s3_loader(workgroup.warehouse(), f"s3://{workgroup.bucket}/few", workgroup, tmp_path))
    finally:
        workgroup.state.lag = 0
    assert not [s for s in workgroup.endpoint.statements if "stl_" in s.lower()]


def test_one_file_alone_asks_views_that_only_a_cluster_has() -> None:
    folders = {path.name for path in queries.FOLDER.iterdir() if path.is_dir()}
    names = {name for folder in folders for name in queries.names(folder)}
    assert len(names) > 150
    asked = {
        name for name in names if re.search(r"\b(?:stl|stv|svl|svcs)_\w", " ".join(queries.statements(name)))
    }
    assert asked == {"copy/load_errors_stl"}
