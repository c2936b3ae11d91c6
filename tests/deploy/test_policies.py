"""The IAM policies: what the code calls is allowed, and nothing else.

The calls are found in the text of the package: names of botocore's operations, for the services that a module opens
clients of. Which action an operation needs says the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from dagster_aws.s3 import compute_log_manager

from tests.deploy.conftest import DEPLOY, ROOT

PACKAGE = ROOT / "sparkify_assets"

#: Operations whose action has another name. HeadBucket and HeadObject are let in by the rights to list and to get.
ACTIONS = {
    ("resourcegroupstaggingapi", "GetResources"): "tag:GetResources",
    ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "PutPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
}

#: What boto3 adds to clients of S3.
TRANSFERS = {"upload_fileobj": "PutObject", "download_fileobj": "GetObject"}

#: What S3 asks of KMS in the caller's name, for a bucket that KMS encrypts
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html).
ENCRYPTION = {"kms:Decrypt", "kms:GenerateDataKey"}

#: Calls of the warehouse's module that no load makes: the administrator's, once; those of people who read.
BOOTSTRAP = {"secretsmanager:GetSecretValue"}
ANALYSTS = {"redshift:GetClusterCredentialsWithIAM"}

#: Actions for which IAM knows no resource, so that only "*" allows them.
WITHOUT_RESOURCE = {
    "ec2:DescribeInstances",
    "iam:ListRoles",
    "redshift:DescribeClusterSnapshots",
    "redshift:DescribeScheduledActions",
    "tag:GetResources",
}

_SESSION = botocore.session.get_session()


def operations(service: str) -> dict[str, str]:
    """The operations of a service by the name of their method."""
    return {xform_name(name): name for name in _SESSION.get_service_model(service).operation_names}


def services(tree: ast.AST) -> set[str]:
    """The services that a module opens clients of."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            named = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if node.func.attr in ("client", "_client", "resource") and named:
                found.add(named[0])
            if node.func.attr == "get_client":
                found.add("s3")  # dagster-aws's S3Resource
    return found


def calls(tree: ast.AST, known: set[str]) -> set[str]:
    """The actions that the operations need which are called, or paged, in a piece of code."""
    found = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = node.func.attr
        if name == "get_paginator" and isinstance(node.args[0], ast.Constant):
            name = str(node.args[0].value)
        for service in known:
            operation = TRANSFERS.get(name) if service == "s3" else None
            if operation := operation or operations(service).get(name):
                found.add(ACTIONS.get((service, operation), f"{service}:{operation}"))
    return found


def calls_of(source: str) -> set[str]:
    tree = ast.parse(source)
    return calls(tree, services(tree))


def calls_of_functions(module: Path, names: set[str]) -> set[str]:
    """The actions of some functions of a module, and of those that they call there."""
    tree = ast.parse(module.read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    reached, waiting = set[str](), names & functions.keys()
    while waiting:
        reached.add(name := waiting.pop())
        called = {
            n.func.id
            for n in ast.walk(functions[name])
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        waiting |= (called & functions.keys()) - reached
    return set().union(*(calls(functions[name], services(tree)) for name in reached))


def loading() -> set[str]:
    """What a load calls: the resources, and what they borrow from the infrastructure."""
    aws = PACKAGE / "infrastructure" / "aws.py"
    found = set()
    for path in (PACKAGE / "resources").rglob("*.py"):
        text = path.read_text("utf-8")
        found |= calls_of(text) | calls_of_functions(aws, set(re.findall(r"\baws\.(\w+)\(", text)))
    return found - BOOTSTRAP - ANALYSTS


def provisioning() -> set[str]:
    """What the package calls beside Terraform to make, watch and end a warehouse."""
    modules = [path for path in PACKAGE.rglob("*.py") if "resources" not in path.parts]
    return set().union(*(calls_of(path.read_text("utf-8")) for path in modules)) | BOOTSTRAP


def statements(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEPLOY / f"{name}-policy.json").read_text("utf-8"))["Statement"]
    return found


def each(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allowed(name: str) -> set[str]:
    return {action for statement in statements(name) for action in each(statement["Action"])}


def test_the_orchestrator_may_do_what_loads_and_dagsters_logs_do_and_no_more() -> None:
    logs = calls_of(inspect.getsource(compute_log_manager))
    assert {"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket"} == logs
    assert allowed("orchestrator") == loading() | logs | ENCRYPTION


def test_provisioning_may_do_what_the_package_does_beside_terraform_and_no_more() -> None:
    # a source of files is sent to the bucket through the same store that writes manifests
    assert allowed("provisioning") == provisioning() | {"s3:PutObject", "kms:Decrypt"}


def test_an_analyst_may_log_in_and_no_more() -> None:
    assert allowed("analyst") == ANALYSTS | {"redshift:DescribeClusters"}


def test_no_call_of_the_package_is_left_out() -> None:
    everything = set().union(*(calls_of(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")))
    assert everything <= allowed("orchestrator") | allowed("provisioning") | allowed("analyst")


@pytest.mark.parametrize("name", ["orchestrator", "provisioning", "analyst"])
def test_every_statement_is_bounded(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in each(statement["Action"])), statement["Sid"]
        for resource in each(statement["Resource"]):
            if resource == "*":
                assert set(each(statement["Action"])) <= WITHOUT_RESOURCE, statement["Sid"]
                continue
            named = re.fullmatch(r"\$\{key_arn\}|arn:aws:[\w-]+:[^:]*:[^:]*:.*", resource)
            assert named, resource
            assert re.search(r"\$\{(bucket|state_bucket|cluster|key_arn)\}|:key/\*$", resource), resource


def test_the_scan_sees_a_call() -> None:
    text = "import boto3\nc = boto3.client('redshift')\nc.get_paginator('describe_tags')\nc.delete_cluster(X=1)\n"
    assert calls_of(text) == {"redshift:DescribeTags", "redshift:DeleteCluster"}


def test_placeholders_are_those_that_the_page_explains() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    for path in DEPLOY.glob("*-policy.json"):
        for name in set(re.findall(r"\$\{(\w+)\}", path.read_text("utf-8"))):
            assert re.search(rf"\b{name}=", page), name
