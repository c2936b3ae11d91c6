"""redshift-data on the emulated AWS: what boto3 sends runs on the cluster, and its own rows come back."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.infrastructure.harness import Emulator
from tests.redshift.conftest import ADMINISTRATOR, LoopbackCluster


class Caller:
    """A caller of the API, as a user of the cluster."""

    def __init__(self, cluster: LoopbackCluster, **login: str) -> None:
        self.client: Any = boto3.client("redshift-data")
        self.target = {"ClusterIdentifier": cluster.identifier, "Database": cluster.database, **login}

    def finished(self, answer: Any) -> Any:
        """The description of what was submitted, once it has ended."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            described = self.client.describe_statement(Id=answer["Id"])
            if described["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                return described
            time.sleep(0.05)
        raise AssertionError(described)

    def run(self, sql: str, **options: Any) -> Any:
        return self.finished(self.client.execute_statement(Sql=sql, **self.target, **options))

    def rows(self, sql: str, **options: Any) -> list[list[Any]]:
        """The values of each record."""
        done = self.run(sql, **options)
        assert done["Status"] == "FINISHED", done
        records = self.client.get_statement_result(Id=done["Id"])["Records"]
        return [[next(iter(field.values())) for field in record] for record in records]


@pytest.fixture
def caller(ready: LoopbackCluster) -> Caller:
    return Caller(ready, DbUser="sparkify_loader")


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_query_runs_on_the_cluster_and_returns_its_own_rows(caller: Caller, ready: LoopbackCluster) -> None:
    done = caller.run(
        "select 1 as n, 2.5::float8 as f, true as b, 'ä' as t, null as z, 1.50::decimal(8,2) as d, current_user"
    )
    assert (done["Status"], done["HasResultSet"], done["ResultRows"], done["DbUser"]) == (
        "FINISHED",
        True,
        1,
        "sparkify_loader",
    )
    assert done["Duration"] > 0
    answer = caller.client.get_statement_result(Id=done["Id"])
    [record] = answer["Records"]
    assert record[:4] == [
        {"longValue": 1},
        {"doubleValue": 2.5},
        {"booleanValue": True},
        {"stringValue": "ä"},
    ]
    assert record[4:] == [{"isNull": True}, {"stringValue": "1.50"}, {"stringValue": "sparkify_loader"}]
    assert answer["TotalNumRows"] == 1
    assert [(c["name"], c["typeName"]) for c in answer["ColumnMetadata"]][:3] == [
        ("n", "int4"),
        ("f", "float8"),
        ("b", "bool"),
    ]
    assert any("2.5::float8" in statement for statement in ready.endpoint.statements)


def test_parameters_are_bound(caller: Caller) -> None:
    sql = "select :a || 'x%' as text, ':a', 1::integer where 2 = :b"
    given = [{"name": "a", "value": "it's"}, {"name": "b", "value": "2"}]
    assert caller.rows(sql, Parameters=given) == [["it'sx%", ":a", 1]]
    with pytest.raises(ClientError, match="unused parameters") as error:
        caller.run("select 1", Parameters=given)
    assert _code(error) == "ValidationException"


def test_a_failed_statement_says_why(caller: Caller) -> None:
    done = caller.run("select gcd(1, 2)")
    assert (done["Status"], done["HasResultSet"]) == ("FAILED", False)
    assert "the function gcd is not portable to Redshift" in done["Error"]
    with pytest.raises(ClientError, match="Query does not have result") as error:
        caller.client.get_statement_result(Id=done["Id"])
    assert _code(error) == "ResourceNotFoundException"
    assert caller.run("select 1; select 2")["Status"] == "FAILED"


def test_the_secret_of_the_administrator_is_a_login(ready: LoopbackCluster) -> None:
    [cluster] = boto3.client("redshift").describe_clusters(ClusterIdentifier=ready.identifier)["Clusters"]
    caller = Caller(ready, SecretArn=cluster["MasterPasswordSecretArn"])
    assert caller.rows("select current_user") == [[ADMINISTRATOR]]
    assert Caller(ready, DbUser="nobody").run("select 1")["Status"] == "FAILED"


def test_a_batch_is_one_transaction(caller: Caller) -> None:
    def batch(*sqls: str) -> Any:
        return caller.finished(caller.client.batch_execute_statement(Sqls=list(sqls), **caller.target))

    caller.run("drop table if exists public.batched")
    done = batch(
        "create table public.batched (a integer)",
        "insert into public.batched values (1), (2)",
        "select a from public.batched order by a",
    )
    assert (done["Status"], done["HasResultSet"]) == ("FINISHED", True)
    assert [part["Status"] for part in done["SubStatements"]] == ["FINISHED"] * 3
    assert [part["ResultRows"] for part in done["SubStatements"]][1:] == [2, 2]
    third = done["SubStatements"][2]["Id"]
    assert caller.client.get_statement_result(Id=third)["Records"] == [[{"longValue": 1}], [{"longValue": 2}]]

    done = batch("insert into public.batched values (3)", "select 1 / 0", "select 3")
    assert (done["Status"], done["Error"]) == ("FAILED", "ERROR: division by zero")
    assert [part["Status"] for part in done["SubStatements"]] == ["FINISHED", "FAILED", "ABORTED"]
    assert caller.rows("select count(*) from public.batched") == [[2]]
    caller.run("drop table public.batched")


def test_a_running_statement_can_be_cancelled(caller: Caller) -> None:
    caller.run("create table if not exists public.waiting (a integer)")
    long = "select count(*) from pg_class a, pg_class b, pg_class c, pg_class d"
    blocker = caller.client.batch_execute_statement(Sqls=["lock public.waiting", long], **caller.target)
    assert caller.client.cancel_statement(Id=blocker["Id"])["Status"] is True
    assert caller.finished(blocker)["Status"] == "ABORTED"
    done = caller.run("drop table public.waiting")
    assert done["Status"] == "FINISHED"
    with pytest.raises(ClientError, match="already in FINISHED state") as error:
        caller.client.cancel_statement(Id=done["Id"])
    assert _code(error) == "ValidationException"


def test_results_as_csv(caller: Caller) -> None:
    done = caller.run("select 1 as a, 'x,y' as b, null as c", ResultFormat="CSV")
    answer = caller.client.get_statement_result_v2(Id=done["Id"])
    assert answer["Records"] == [{"CSVRecords": 'a,b,c\n1,"x,y",\n'}]
    assert (answer["ResultFormat"], answer["TotalNumRows"]) == ("CSV", 1)


def test_statements_are_listed_by_name_and_state(caller: Caller) -> None:
    first = caller.run("select 1", StatementName="listed-1")
    failed = caller.run("select nothing", StatementName="listed-2")
    listed = caller.client.list_statements(StatementName="listed-")["Statements"]
    assert [(s["Id"], s["Status"]) for s in listed] == [(failed["Id"], "FAILED"), (first["Id"], "FINISHED")]
    [only] = caller.client.list_statements(StatementName="listed-", Status="FAILED")["Statements"]
    assert only["QueryString"] == "select nothing"
    again = [
        caller.client.execute_statement(Sql="select 1", ClientToken="once", **caller.target)["Id"]
        for _ in "ab"
    ]
    assert again[0] == again[1]


def test_the_catalog_is_the_cluster_s(caller: Caller, ready: LoopbackCluster) -> None:
    client, target = caller.client, caller.target
    assert ready.database in client.list_databases(**target)["Databases"]
    assert "sparkify" in client.list_schemas(**target)["Schemas"]
    assert client.list_schemas(SchemaPattern="spark%", **target)["Schemas"] == ["sparkify"]
    tables = client.list_tables(SchemaPattern="sparkify", MaxResults=1, **target)
    assert (len(tables["Tables"]), tables["Tables"][0]["type"]) == (1, "TABLE")
    assert tables["NextToken"]
    described = client.describe_table(Schema="sparkify", Table="songs", **target)
    assert (described["ColumnList"][0]["name"], described["ColumnList"][0]["nullable"]) == ("song_id", 0)


def test_what_is_not_there_is_an_error_of_aws(caller: Caller, ready: LoopbackCluster) -> None:
    def code(call: Any, **given: Any) -> str:
        with pytest.raises(ClientError) as error:
            call(**given)
        return _code(error)

    client, missing = caller.client, "00000000-0000-0000-0000-000000000000"
    assert code(client.describe_statement, Id=missing) == "ResourceNotFoundException"
    assert code(client.get_statement_result, Id=missing) == "ResourceNotFoundException"
    assert (
        code(client.execute_statement, Sql="select 1", **{**caller.target, "ClusterIdentifier": "none"})
        == "ValidationException"
    )
    assert (
        code(client.execute_statement, Sql="select 1", Database="dev", WorkgroupName="serverless")
        == "ValidationException"
    )
    assert (
        code(client.execute_statement, Sql="select 1", SessionKeepAliveSeconds=9, **caller.target)
        == "ValidationException"
    )
    assert code(client.list_tables, **{**caller.target, "Database": "none"}) == "DatabaseConnectionException"


def test_without_an_endpoint_nothing_runs(caller: Caller, aws: Emulator) -> None:
    """Not even moto's rows, which are the same for every statement."""
    aws.control(redshift_host=None)
    try:
        with pytest.raises(ClientError, match="endpoint doesn't exist"):
            caller.run("select 1")
    finally:
        aws.control(redshift_host="127.0.0.1")
