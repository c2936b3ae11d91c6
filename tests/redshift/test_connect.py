"""`sparkify connect` for a warehouse on AWS: by IAM, and with a password only where one is asked for."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from sparkify_assets.cli.iam_login import IamLogin
from sparkify_assets.warehouse.address import Address
from tests.command_line import Run, one_line
from tests.conftest import Admin, require_tool
from tests.redshift.conftest import LoopbackCluster


@pytest.fixture
def typed(shared: LoopbackCluster, sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, on the cluster."""
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", shared.url())
    return sparkify


def of(url: str) -> dict[str, str]:
    """The text of each tool for a warehouse on AWS."""
    login = IamLogin(Address.of(url), "host.example.com", 5439)
    return {name: paste.text for name, paste in login.pastes("select 1").items()}


def test_nothing_that_is_printed_is_a_password(typed: Run, shared: LoopbackCluster) -> None:
    assert typed("connect").out.startswith('psql\n  eval "$(sparkify connect --psql --password)"\n')
    texts = json.loads(typed("connect", "--format", "json").out)
    assert list(texts) == ["paste"]
    assert f"port={shared.endpoint.port}," in texts["paste"]["pandas"]
    assert "password=" not in json.dumps(texts)


def test_a_password_that_is_asked_for_is_a_reader_s(
    typed: Run, shared: LoopbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session())
    boto3.DEFAULT_SESSION.events.register(
        "before-parameter-build.redshift.GetClusterCredentials", lambda params, **_: asked.update(params)
    )
    with Admin(shared.dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = 'analyst'")
        if not cursor.fetchall():
            cursor.execute("create role analyst login")
        cursor.execute("grant sparkify_reader to analyst")  # as AWS does for whoever names the group
    line = typed("connect", "--psql", "--password").out.strip()
    assert (asked["DbUser"], asked["DbGroups"], asked["AutoCreate"]) == ("analyst", ["sparkify_reader"], True)
    questions = "select count(*) from sparkify.songplays; select count(*) from ledger.loads"
    answer = subprocess.run(
        ["sh", "-c", f'{line} -X -At -c "{questions}"'], capture_output=True, text=True, timeout=60,
        env={"PATH": str(Path(require_tool("psql")).parent)}, check=False,
    )  # fmt: skip
    assert answer.stdout.strip() == "0"
    assert "permission denied" in answer.stderr


def test_who_cannot_be_asked_for_is_told_in_one_line(sparkify: Run) -> None:
    told = one_line(sparkify("connect", WAREHOUSE="redshift://nowhere/dev?region=us-west-2"))
    assert "nowhere" in told


CLUSTER = "redshift://prod/sparkify?region=us-west-2"
WORKGROUP = (
    "redshift-serverless://prod/sparkify?region=us-west-2&role=arn:aws:iam::123456789012:role/prod-loader"
)


@pytest.mark.parametrize(
    ("url", "who", "jdbc"),
    [
        (
            CLUSTER,
            {"cluster_identifier": "prod", "db_user": "analyst", "db_groups": ["sparkify_reader"], "auto_create": True},
            "DbUser=analyst;DbGroups=sparkify_reader;AutoCreate=true;",
        ),
        (f"{CLUSTER}&login=iam", {"cluster_identifier": "prod", "group_federation": True}, "GroupFederation=true;"),
        (WORKGROUP, {"is_serverless": True, "serverless_work_group": "prod"}, ""),
    ],
    ids=["cluster", "cluster by IAM", "workgroup"],
)  # fmt: skip
def test_each_tool_makes_its_own_credentials(url: str, who: dict[str, Any], jdbc: str) -> None:
    texts = of(url)
    expected = {
        "iam": True, "region": "us-west-2", "host": "host.example.com", "port": 5439, "database": "sparkify",
        **who, "sslmode": "verify-full",
    }  # fmt: skip
    uri, parameters = texts["superset"].splitlines()
    assert uri == "redshift+redshift_connector://"
    assert json.loads(parameters) == {"connect_args": expected}
    for name in ("pandas", "redshift-connector"):
        [call] = [
            node for node in ast.walk(ast.parse(texts[name]))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "redshift_connector.connect"
        ]  # fmt: skip
        assert {word.arg: ast.literal_eval(word.value) for word in call.keywords} == expected
    assert (
        texts["jdbc"]
        == f"jdbc:redshift:iam://host.example.com:5439/sparkify;{jdbc}ssl=true;sslmode=verify-full"
    )
    assert f"|url={texts['jdbc']}|" in texts["dbeaver"]
    profile = yaml.safe_load(texts["dbt"])["sparkify"]["outputs"]["aws"]
    assert profile["method"] == ("iam" if "db_user" in who else "iam_role")
    assert profile.get("cluster_id") == who.get("cluster_identifier")
    assert profile.get("serverless_work_group") == who.get("serverless_work_group")
