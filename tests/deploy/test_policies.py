"""The IAM policies: what the code calls is allowed, and nothing else.

The calls are found in the text of the package: names of botocore's operations, for the services that a module opens
clients of. What Terraform calls is written down where it runs (tests/infrastructure).
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from dagster_aws.s3 import compute_log_manager

from tests.deploy.conftest import DEPLOY, ROOT
from tests.deploy.policies import ALWAYS, action_of, allowed, each, matches, not_allowed, statements

PACKAGE = ROOT / "sparkify_assets"

#: What boto3 adds to clients of S3.
TRANSFERS = {"upload_fileobj": "PutObject", "download_fileobj": "GetObject"}

#: What S3 asks of KMS in the caller's name, for a bucket that KMS encrypts
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html).
ENCRYPTION = {"kms:Decrypt", "kms:GenerateDataKey"}

#: Calls of the warehouse's module that no load makes: the administrator's, once; those of people who read.
BOOTSTRAP = {"secretsmanager:GetSecretValue", "redshift-serverless:GetNamespace"}
ANALYSTS = {"redshift:GetClusterCredentialsWithIAM"}

#: What loads call as the role that Terraform makes for them, which the orchestrator only assumes; an analyst, who has
#: no such role, may call it too.
AS_LOADER = {"redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"}

#: Actions for which IAM knows no resource, so that only "*" allows them.
WITHOUT_RESOURCE = {
    "ec2:DescribeEgressOnlyInternetGateways", "ec2:DescribeInstanceConnectEndpoints", "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways", "ec2:DescribeNatGateways", "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeTags",
    "ec2:DescribeTransitGatewayVpcAttachments", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs", "ec2:DescribeVpnGateways", "iam:ListInstanceProfiles", "iam:ListRoles",
    "logs:DescribeLogGroups", "redshift:DescribeClusterSnapshots",
    "redshift:DescribeDataSharesForProducer", "redshift:DescribeEndpointAccess",
    "redshift:DescribeEndpointAuthorization", "redshift:DescribeScheduledActions",
    "redshift:DescribeSnapshotCopyGrants", "redshift-serverless:ListNamespaces", "redshift-serverless:ListSnapshots",
    "redshift-serverless:ListWorkgroups",
    "s3:ListAllMyBuckets", "tag:GetResources",
}  # fmt: skip

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
                found.add(action_of(service, operation))
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


#: What reads the source and reaches the warehouse, for every load; of `cluster_state` only what they call.
LOADING = ("redshift_local", "sparkify_assets/source", "sparkify_assets/warehouse")
CLUSTER_STATE = PACKAGE / "warehouse" / "cluster_state.py"
WORKGROUP_STATE = PACKAGE / "warehouse" / "workgroup_state.py"


def loading() -> set[str]:
    """What a load calls."""
    found = set()
    for folder in LOADING:
        for path in (PACKAGE.parent / folder).rglob("*.py"):
            text = path.read_text("utf-8")
            found |= calls_of_functions(CLUSTER_STATE, set(re.findall(r"\bcluster_state\.(\w+)\(", text)))
            if path != CLUSTER_STATE:
                found |= calls_of(text)
    return found - BOOTSTRAP - ANALYSTS


def provisioning() -> set[str]:
    """What the package calls beside Terraform to make, watch and end a warehouse."""
    folders = [PACKAGE.parent / folder for folder in LOADING]
    modules = [path for path in PACKAGE.rglob("*.py") if not any(path.is_relative_to(f) for f in folders)]
    return (
        set().union(
            *(calls_of(path.read_text("utf-8")) for path in [*modules, CLUSTER_STATE, WORKGROUP_STATE])
        )
        | BOOTSTRAP
    )


def test_the_orchestrator_may_do_what_loads_and_dagsters_logs_do_and_no_more() -> None:
    logs = calls_of(inspect.getsource(compute_log_manager))
    assert {"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket"} == logs
    assert allowed("orchestrator") == loading() - AS_LOADER | logs | ENCRYPTION


def test_the_loader_s_role_may_do_what_loads_do_as_it_and_no_more() -> None:
    text = (ROOT / "terraform" / "modules" / "serverless" / "loader.tf").read_text("utf-8")
    assert set(re.findall(r'"(redshift-serverless:\w+)"', text)) == AS_LOADER
    assert loading() >= AS_LOADER


def test_provisioning_may_do_what_the_package_does_beside_terraform_and_no_more() -> None:
    # a source of files is sent to the bucket through the same store that writes manifests
    assert allowed("provisioning") | allowed("drift") == provisioning() - ALWAYS | {
        "s3:PutObject",
        "kms:Decrypt",
    }


def test_an_analyst_may_log_in_and_no_more() -> None:
    assert allowed("analyst") == ANALYSTS | AS_LOADER | {"redshift:DescribeClusters"}


def test_no_call_of_the_package_is_left_out() -> None:
    everything = set().union(*(calls_of(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")))
    names = ("orchestrator", "provisioning", "drift", "analyst")
    assert everything - ALWAYS <= set().union(*map(allowed, names))


@pytest.mark.parametrize("name", ["orchestrator", "provisioning", "drift", "analyst"])
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
            # Their ARNs are numbers. What is not there has no tag, so that looking for it cannot ask for one.
            looking = all(":Get" in action for action in each(statement["Action"]))
            tagged = looking or "aws:ResourceTag/Project" in str(statement.get("Condition"))
            by_tag = tagged and re.search(r":(?:namespace|workgroup|security-group)/\*$", resource)
            # Redshift gives a namespace a random name, and KMS a key.
            named = re.search(r"\$\{(bucket|state_bucket|cluster|key_arn)\}|:(key/|namespace:)\*$", resource)
            assert named or by_tag, resource


#: Reading is allowed by its beginning, and what a cluster consists of; nothing else is.
_WILDCARDS = re.compile(
    r"(?:ec2|elasticloadbalancing|rds):Describe\*|kms:GetKey\*|redshift:(?:Describe|CreateCluster|ModifyCluster)\*|s3:GetBucket\*"
)

#: Resources of Terraform that cannot be bounded by the project's name: keys are by their tag, a limit has a number,
#: the others are AWS's own.
_NOT_NAMED = re.compile(
    r".*(?::key/\*|:usagelimit:\*|:parameter/aws/service/.*|:secret:rds!db-\*"
    r"|/AWSServiceRoleFor(?:ECS|ElasticLoadBalancing|RDS|Redshift))"
)


@pytest.mark.parametrize("name", ["terraform", "serverless", "orchestrator-stack"])
def test_terraform_is_bounded_by_names_or_by_the_region(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        actions = set(each(statement["Action"]))
        assert all(_WILDCARDS.fullmatch(action) for action in actions if "*" in action), statement["Sid"]
        for resource in each(statement["Resource"]):
            if resource == "*":
                reading = all(re.search(r":(?:Describe|GetRandomPassword)", action) for action in actions)
                assert reading or "aws:RequestedRegion" in str(statement.get("Condition")), statement["Sid"]
            elif not _NOT_NAMED.fullmatch(resource):
                assert re.search(r"\$\{(?:bucket|state_bucket|cluster)\}", resource), resource


def test_terraform_s_policy_names_actions_that_there_are() -> None:
    """A slip of the pen would allow nothing. Actions that are no operation are listed by name."""
    apart = {
        "budgets:ModifyBudget", "budgets:ViewBudget", "iam:PassRole", "s3:DeleteObjectVersion",
        "s3:ListTagsForResource",
    }  # fmt: skip
    known = {
        action_of(service, operation)
        for service in {action.partition(":")[0] for action in allowed("terraform") | allowed("serverless")}
        for operation in operations(service).values()
    }
    for pattern in (allowed("terraform") | allowed("serverless")) - apart:
        assert any(matches(pattern, action) for action in known), pattern


def test_a_role_can_hold_both_policies_of_who_provisions() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 10,240 characters without blanks."""
    values = {"account": "123456789012", "region": "us-west-2", "cluster": "sparkify-production"}
    values |= dict.fromkeys(("bucket", "state_bucket"), "b" * 63) | {"key_arn": "k" * 75}
    whole = "".join(
        (DEPLOY / f"{name}-policy.json").read_text("utf-8") for name in ("terraform", "provisioning")
    )
    assert len(re.sub(r"\s", "", re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], whole))) <= 10_240


def test_the_policy_of_drift_only_reads_and_can_be_a_managed_one() -> None:
    """Beside the two, a role has no room for it inline; a managed policy has 6,144 characters."""
    assert all(re.search(r":(?:Describe|Get|List)", action) for action in allowed("drift"))
    whole = (DEPLOY / "drift-policy.json").read_text("utf-8")
    assert len(re.sub(r"\s", "", whole)) <= 6_144 - 500  # the placeholders become longer


def test_an_action_is_matched_as_iam_does() -> None:
    assert matches("ec2:Describe*", "ec2:DescribeVpcs")
    assert matches("s3:getobject", "s3:GetObject")
    assert matches("s3:Get?bject", "s3:GetObject")
    assert not matches("ec2:Describe*", "ec2:DeleteVpc")
    assert not matches("s3:GetObject", "s3:GetObjectVersion")
    assert not_allowed({"s3:ListObjectsV2", "ec2:RunInstances", "sts:GetCallerIdentity"}, "orchestrator") == {
        "ec2:RunInstances"
    }


def test_the_scan_sees_a_call() -> None:
    text = "import boto3\nc = boto3.client('redshift')\nc.get_paginator('describe_tags')\nc.delete_cluster(X=1)\n"
    assert calls_of(text) == {"redshift:DescribeTags", "redshift:DeleteCluster"}


def test_placeholders_are_those_that_the_page_explains() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    for path in DEPLOY.glob("*-policy.json"):
        for name in set(re.findall(r"\$\{(\w+)\}", path.read_text("utf-8"))):
            assert re.search(rf"\b{name}=", page), name
