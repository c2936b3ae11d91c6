"""How a session with a cluster begins: address, credentials, TLS, a cluster that sleeps."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import boto3
import psycopg2
import pytest

from sparkify_assets.warehouse import cluster_state, service
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import WarehouseError
from tests.infrastructure.emulator.credentials import FILE
from tests.redshift.conftest import Authority, LoopbackCluster


def ask(warehouse: Warehouse, query: str) -> list[tuple]:
    with warehouse.transaction(lock=False) as transaction:
        transaction.cursor.execute(query)
        return transaction.cursor.fetchall()


def issued(cluster: LoopbackCluster) -> int:
    """How often the API has made credentials."""
    return len(cluster.aws.control_file.with_name(FILE).read_text().splitlines())


def refusal(warehouse: Warehouse) -> str:
    with pytest.raises(WarehouseError) as refused:
        warehouse.connect()
    assert "\n" not in str(refused.value)
    return str(refused.value)


# --- the address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redshift://cluster", "not of the form"),
        ("redshift://cluster/a/b", "not of the form"),
        ("redshift://me:secret@cluster/db", "takes no user and no password"),
        ("redshift://cluster/db?sslmode=disable", "no option sslmode"),
        ("redshift://cluster/db?login=key", "user or iam or secret"),
        ("redshift://cluster/db?resume=maybe", "yes or no"),
        ("redshift://cluster/db?port=many", "a whole number"),
        ("redshift://cluster/db?region=", "takes a value"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_at_once(url: str, told: str) -> None:
    with pytest.raises(WarehouseError, match=told) as refused:
        Warehouse(url=url, folder=Path())
    assert "secret@" not in str(refused.value)


# --- credentials


def test_the_loader_gets_in_without_a_password_of_its_own(shared: LoopbackCluster) -> None:
    assert ask(shared.warehouse(), "select current_user") == [("sparkify_loader",)]
    assert shared.endpoint.logins[-1] == "IAM:sparkify_loader"


def test_credentials_serve_until_they_end(shared: LoopbackCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = shared.warehouse()
    before = issued(shared)
    for _ in range(3):
        warehouse.connect().close()
    assert issued(shared) == before + 1
    monkeypatch.setattr(service, "CREDENTIALS_MARGIN", timedelta(hours=2))  # they live for one
    warehouse.connect().close()
    assert issued(shared) == before + 2


def test_credentials_that_ended_early_are_made_anew(shared: LoopbackCluster) -> None:
    warehouse = shared.warehouse()
    open_before = warehouse.connect()
    shared.end_credentials()
    assert ask(warehouse, "select 1") == [(1,)]
    with open_before.cursor() as cursor:  # a session outlives the credentials that it began with
        cursor.execute("select 2")
        assert cursor.fetchall() == [(2,)]
    open_before.close()


def test_the_administrator_gets_in_by_the_managed_secret(shared: LoopbackCluster) -> None:
    assert ask(shared.warehouse(login="secret"), "select current_user") == [("sparkify_admin",)]


def test_an_identity_of_iam_that_the_database_does_not_know(shared: LoopbackCluster) -> None:
    assert 'user "iamr:emulator" does not exist' in refusal(shared.warehouse(login="iam"))


def test_the_password_is_shown_by_nothing(shared: LoopbackCluster) -> None:
    warehouse = shared.warehouse()
    connection = warehouse.connect()
    password = warehouse.redshift._credentials.password  # type: ignore[union-attr]
    assert len(password) > 20
    for shown in (
        repr(warehouse),
        repr(warehouse.redshift),
        repr(warehouse.redshift._credentials),
        connection.dsn,
    ):  # type: ignore[union-attr]
        assert password not in shown
    connection.close()


# --- the session


def test_what_a_session_is_opened_with(shared: LoopbackCluster) -> None:
    connection = shared.warehouse(statement_timeout="7").connect()
    given = connection.info.dsn_parameters
    assert given["sslmode"] == "verify-full"
    assert (given["keepalives"], given["keepalives_idle"]) == ("1", "30")
    assert given["application_name"] == "sparkify"
    with connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        assert cursor.fetchall() == [("7s",)]
    connection.close()


def test_a_lock_waits_no_longer_than_asked_and_the_statement_timeout_is_kept(shared: LoopbackCluster) -> None:
    with shared.warehouse(statement_timeout="7").transaction() as transaction:
        transaction.cursor.execute("show statement_timeout")
        assert transaction.cursor.fetchall() == [("7s",)]


# --- TLS


def test_a_certificate_of_somebody_else_is_refused(shared: LoopbackCluster, tmp_path: Path) -> None:
    other = Authority.make(tmp_path)
    assert "certificate verify failed" in refusal(shared.warehouse(sslrootcert=str(other.root)))


def test_the_public_roots_are_trusted_where_no_file_is_named(shared: LoopbackCluster) -> None:
    without = shared.url().replace(f"&sslrootcert={shared.root}", "")
    assert "certificate verify failed" in refusal(Warehouse(url=without, folder=Path()))


def test_a_certificate_of_another_name_is_refused(shared: LoopbackCluster) -> None:
    shared.aws.control(redshift_host="localhost")
    try:
        assert "localhost" in refusal(shared.warehouse())
    finally:
        shared.aws.control(redshift_host="127.0.0.1")


def test_a_forwarded_port_is_checked_against_the_cluster_s_name(shared: LoopbackCluster) -> None:
    """`aws ssm start-session` brings the port to this machine; the certificate still is the cluster's."""
    shared.aws.control(redshift_host="cluster.example")
    try:
        told = refusal(shared.warehouse(host="127.0.0.1", port=str(shared.endpoint.port)))
    finally:
        shared.aws.control(redshift_host="127.0.0.1")
    assert "cluster.example" in told
    assert "does not match" in told


def test_nothing_travels_in_the_clear(shared: LoopbackCluster) -> None:
    with pytest.raises(psycopg2.OperationalError, match="SSL off"):
        psycopg2.connect(host="127.0.0.1", port=shared.endpoint.port, user="x", dbname="x", sslmode="disable")


# --- the cluster


def test_a_paused_cluster_is_resumed_and_waited_for(
    shared: LoopbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_state, "POLL_SECONDS", 0.05)
    lines: list[str] = []
    warehouse = dataclasses.replace(shared.warehouse(), log=lines.append)
    boto3.client("redshift").pause_cluster(ClusterIdentifier=shared.identifier)
    assert ask(warehouse, "select 1") == [(1,)]
    assert lines[0] == f"Cluster {shared.identifier} is paused; resuming it, which takes some minutes."


def test_a_paused_cluster_sleeps_on_where_resuming_is_not_allowed(shared: LoopbackCluster) -> None:
    redshift = boto3.client("redshift")
    redshift.pause_cluster(ClusterIdentifier=shared.identifier)
    try:
        told = refusal(shared.warehouse(resume="no"))
    finally:
        redshift.resume_cluster(ClusterIdentifier=shared.identifier)
    assert "is paused" in told
    assert "sparkify infra resume" in told


def test_a_cluster_that_is_not_there(shared: LoopbackCluster) -> None:
    gone = Warehouse(url="redshift://nowhere/db?region=us-west-2", folder=Path())
    assert "nowhere" in refusal(gone)


# --- who owns, who reads


def test_readers_read_the_star_and_what_came_and_nothing_else(shared: LoopbackCluster) -> None:
    administrator = shared.warehouse(login="secret")
    with administrator.transaction(lock=False) as transaction:
        transaction.cursor.execute("select 1 from pg_user where usename = 'analyst'")
        if not transaction.cursor.fetchall():
            transaction.cursor.execute("create user analyst password disable")
        transaction.cursor.execute("alter group sparkify_reader add user analyst")
    analyst = shared.warehouse(user="analyst")
    for table in ("sparkify.songplays", "staging.events"):
        assert ask(analyst, f"select count(*) from {table}") == [(0,)]
    for forbidden in (
        "delete from sparkify.songplays",
        "delete from staging.events",
        "select * from ledger.loads",
        "create schema mine",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(analyst, forbidden)


def test_the_tables_are_the_loader_s_and_a_second_bootstrap_changes_nothing(shared: LoopbackCluster) -> None:
    shared.warehouse().bootstrap()
    owners = "select distinct tableowner from pg_tables where schemaname in ('sparkify', 'staging', 'ledger')"
    assert ask(shared.warehouse(), owners) == [("sparkify_loader",)]
