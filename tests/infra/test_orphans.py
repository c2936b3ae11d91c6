"""What exists with the stacks' tags and is in no state: named, never made a second time, and never somebody else's."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from sparkify_assets.infra import adopt_ops, looks, ops
from sparkify_assets.infra.declared import Declared, Resource
from sparkify_assets.infra.existing import Account
from sparkify_assets.infra.orphans import Orphan, orphans
from sparkify_assets.infra.plan import Change, Plan
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import TerraformError
from tests.infra.planned import change, run_on_plan, state
from tests.infrastructure.harness import REGION, Checkout, Emulator, JobRun

_numbers = itertools.count()


def tags(environment: str, stack: str = "foundation") -> list[dict[str, str]]:
    values = {"Project": "sparkify", "Environment": environment, "Stack": stack}
    return [{"Key": key, "Value": value} for key, value in values.items()]


def make_vpc(emulator: Emulator, *whose: str) -> str:
    wanted = {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "sparkify-it"}, *tags(*whose)]}
    made = emulator.client("ec2").create_vpc(CidrBlock="10.0.0.0/24", TagSpecifications=[wanted])
    return str(made["Vpc"]["VpcId"])


def make_key(emulator: Emulator, environment: str) -> str:
    made = emulator.client("kms").create_key(
        Description="Data", Tags=[{"TagKey": t["Key"], "TagValue": t["Value"]} for t in tags(environment)]
    )
    return str(made["KeyMetadata"]["KeyId"])


@pytest.fixture
def environment(checkout: Checkout) -> str:
    """A test's own environment, in an account that all of them share."""
    name = f"e{next(_numbers)}"
    checkout.add_environment(name, f'region = "{REGION}"\n')
    return name


def found(environment: str, known: Collection[str] = (), stack: str = "foundation") -> list[Orphan]:
    return orphans(Account(environment, REGION), stack, known)


def test_what_no_state_knows_is_named_with_its_age_and_its_end(emulator: Emulator, environment: str) -> None:
    vpc, key = make_vpc(emulator, environment), make_key(emulator, environment)
    emulator.client("iam").create_role(
        RoleName=f"sparkify-{environment}-flow-log", AssumeRolePolicyDocument="{}", Tags=tags(environment)
    )
    emulator.client("logs").create_log_group(
        logGroupName=f"/sparkify-{environment}/log", tags={t["Key"]: t["Value"] for t in tags(environment)}
    )
    by_kind = {one.kind: one for one in found(environment)}
    assert by_kind.keys() == {"ec2:vpc", "iam:role", "kms:key", "logs:log-group"}
    assert str(by_kind["ec2:vpc"]) == f"ec2:vpc {vpc}"
    assert str(by_kind["kms:key"]).startswith(f"kms:key {key} (since 20")
    assert by_kind["ec2:vpc"].deletion(REGION) == f"aws ec2 delete-vpc --region {REGION} --vpc-id {vpc}"
    assert by_kind["logs:log-group"].name == f"/sparkify-{environment}/log"
    here = f"{REGION}:123456789012"
    known = {
        vpc,
        f"arn:aws:kms:{here}:key/{key}",
        f"arn:aws:logs:{here}:log-group:/sparkify-{environment}/log",
        f"arn:aws:iam::123456789012:role/sparkify-{environment}-flow-log",
    }
    assert found(environment, known) == [], "a state knows each by one of these"


def test_what_is_gone_or_another_s_is_not(emulator: Emulator, environment: str) -> None:
    make_vpc(emulator, f"{environment}-too")
    make_vpc(emulator, environment, "warehouse")
    emulator.client("kms").schedule_key_deletion(KeyId=make_key(emulator, environment))
    assert found(environment) == []
    assert [one.kind for one in found(environment, stack="warehouse")] == ["ec2:vpc"]


def test_what_ec2_still_shows_after_its_end_is_gone(emulator: Emulator, environment: str) -> None:
    ec2 = emulator.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    wanted = [{"ResourceType": kind, "Tags": tags(environment)} for kind in ("natgateway", "instance")]
    nat = ec2.create_nat_gateway(
        SubnetId=subnet["SubnetId"], ConnectivityType="private", TagSpecifications=wanted[:1]
    )["NatGateway"]["NatGatewayId"]
    host = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=wanted[1:])[
        "Instances"
    ][0]["InstanceId"]
    assert {one.name for one in found(environment)} == {nat, host}
    assert {one.kind for one in found(environment) if one.since} == {"ec2:natgateway", "ec2:instance"}
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.terminate_instances(InstanceIds=[host])
    assert found(environment) == []


def test_a_network_interface_follows_what_it_belongs_to(emulator: Emulator, environment: str) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html: tags are handed on."""
    ec2 = emulator.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    wanted = {"ResourceType": "network-interface", "Tags": tags(environment)}
    ec2.create_network_interface(SubnetId=subnet, TagSpecifications=[wanted])
    assert found(environment) == []


# ---------------------------------------------------------------- before an apply

VPC = change("module.network.aws_vpc.this", "add", after={"tags": {"Name": "sparkify-it"}})
KEY = change("aws_kms_key.this", "add", after={"description": "Data"})
OTHER = change("aws_sqs_queue.this", "add", after={"name": "a-queue-that-is-nowhere"})


def survey(
    checkout: Checkout, environment: str, *changes: dict[str, Any], prior: dict[str, Any] | None = None
) -> JobRun:
    document = {"resource_changes": list(changes), "prior_state": prior or state(aws_iam_role={"id": "a"})}
    return run_on_plan(checkout, environment, "foundation", document, adopt_ops.survey)


def test_what_a_killed_apply_has_made_is_not_made_again(
    checkout: Checkout, emulator: Emulator, environment: str
) -> None:
    """A key has no name, and no alias before Terraform knows the key."""
    vpc, key = make_vpc(emulator, environment), make_key(emulator, environment)
    told = survey(checkout, environment, VPC, KEY).failures["survey_foundation"]
    assert f"module.network.aws_vpc.this ({vpc}), aws_kms_key.this ({key}). An apply that was killed" in told
    assert f"sparkify infra adopt --env {environment}" in told
    assert f"aws ec2 delete-vpc --region {REGION} --vpc-id {vpc}" in told
    assert f"aws kms schedule-key-deletion --region {REGION} --key-id {key}" in told
    assert "Besides" not in told
    told = survey(checkout, environment, VPC).failures["survey_foundation"]
    assert f"leave to them. Besides, the state does not have: kms:key {key} (since 20" in told


def test_what_has_the_name_of_something_else_is_known_by_more_than_that(
    checkout: Checkout, emulator: Emulator, environment: str
) -> None:
    """The environment's name is that of its cluster, of its subnets and of its parameters. A killed apply leaves the
    first, and its state has the others.
    """
    name = f"sparkify-{environment}"
    emulator.client("redshift").create_cluster(
        ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="it", ManageMasterPassword=True,
        Tags=tags(environment),
    )  # fmt: skip
    cluster = change("aws_redshift_cluster.this", "add", after={"cluster_identifier": name})
    group = {"id": name, "name": name, "arn": f"arn:aws:redshift:{REGION}:123456789012:subnetgroup:{name}"}
    prior = state(aws_redshift_subnet_group=group)
    told = survey(checkout, environment, cluster, prior=prior).failures["survey_foundation"]
    assert f"aws_redshift_cluster.this ({name})" in told
    deletion = f"aws redshift delete-cluster --region {REGION} --cluster-identifier {name}"
    assert f"{deletion} --final-cluster-snapshot-identifier {name}-orphan" in told


def test_two_of_a_name_are_both_named(checkout: Checkout, emulator: Emulator, environment: str) -> None:
    """So that nobody adopts one, and forgets the other."""
    first, second = sorted([make_vpc(emulator, environment), make_vpc(emulator, environment)])
    told = survey(checkout, environment, VPC).failures["survey_foundation"]
    assert f"module.network.aws_vpc.this ({first} and {second})" in told


def test_what_clashes_with_nothing_is_named_and_stops_nothing(
    checkout: Checkout, emulator: Emulator, environment: str
) -> None:
    """As the first VPC, where the state has a second one."""
    first, second = make_vpc(emulator, environment), make_vpc(emulator, environment)
    run = survey(checkout, environment, OTHER, prior=state(aws_vpc={"id": second}))
    assert run.success, run.failures
    assert run.metadata["survey_foundation.orphans"] == [f"ec2:vpc {first}"]
    assert survey(checkout, environment, OTHER, prior=state(aws_vpc={"id": first})).metadata != run.metadata


def test_who_may_not_look_can_still_plan(checkout: Checkout, emulator: Emulator, environment: str) -> None:
    with emulator.failing(resourcegroupstaggingapi_GetResources=("AccessDeniedException", "not authorized")):
        run = survey(checkout, environment, OTHER)
    assert run.success, run.failures
    assert run.metadata["survey_foundation.orphans"] == []


def test_an_empty_state_is_told_whose_it_may_be(
    checkout: Checkout, emulator: Emulator, environment: str
) -> None:
    """Two people, one account, one name: see test_adopt_ops.py for the real thing."""
    make_vpc(emulator, environment)
    told = survey(checkout, environment, VPC, prior=state()).failures["survey_foundation"]
    assert told.startswith(f"environment {environment} exists in this account, made by somebody")
    assert "If it is somebody else's, leave it to them" in told
    assert "delete" not in told


# ---------------------------------------------------------------- after a killed apply, and in a look for drift


@pytest.mark.parametrize("reached", [True, False])
def test_a_killed_apply_names_what_it_has_left(
    checkout: Checkout, emulator: Emulator, environment: str, monkeypatch: pytest.MonkeyPatch, reached: bool
) -> None:
    vpc = make_vpc(emulator, environment)
    begun = {"type": "apply_start", "hook": {"resource": {"addr": "aws_vpc.this"}}}
    killed = TerraformError("apply", "stack foundation in dev", -9, json.dumps(begun), "")

    def die(_: Stack) -> None:
        raise killed

    def tell(_: Stack) -> Declared:
        if reached:
            return Declared(())
        raise EndpointConnectionError(endpoint_url="https://x")

    monkeypatch.setattr(Stack, "apply", die)
    monkeypatch.setattr(Stack, "declared", tell)
    told = run_on_plan(checkout, environment, "foundation", {}, ops.apply).failures["apply_foundation"]
    assert "killed by signal 9 while it was at aws_vpc.this, which may be on AWS" in told
    assert told.endswith(f"Now AWS has, and the state does not: ec2:vpc {vpc}") == reached


def test_a_look_for_drift_names_it(emulator: Emulator, environment: str) -> None:
    known, left = make_vpc(emulator, environment), make_vpc(emulator, environment)
    values = {"id": known, "tags_all": {tag["Key"]: tag["Value"] for tag in tags(environment)}}
    declared = Declared((Resource("aws_vpc.this", "aws_vpc", values),))
    [told] = [one for one in looks.undeclared(declared, REGION) if one.where == f"ec2:vpc {left}"]
    assert told.level == "differs"
    assert told.what == "it carries the tags of stack foundation, and no state has it"
    assert told.remedy == f"aws ec2 delete-vpc --region {REGION} --vpc-id {left}"


def test_one_cannot_be_chosen_for_a_person(emulator: Emulator, environment: str) -> None:
    first, second = sorted([make_vpc(emulator, environment), make_vpc(emulator, environment)])
    added = Change("aws_vpc.this", "aws_vpc", "add", (), after={"tags": {"Name": "sparkify-it"}})
    plan = Plan((added,), applicable=True)
    account = Account(environment, REGION)
    [existing] = account.existing(plan)
    assert (existing.import_id, existing.others) == (first, (second,))
    [existing] = account.existing(plan, Declared((Resource("aws_vpc.this", "aws_vpc", {"id": first}),)))
    assert (existing.import_id, existing.others) == (second, ())


# ---------------------------------------------------------------- taking it into the state


class Adopting:
    """A stack whose plans a test has written: the first one, and the one in which everything is imported."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, first: Plan, imported: Plan) -> None:
        self.applied, self.imports = False, ""

        def plan(stack: Stack) -> Plan:
            imports = stack.folder / adopt_ops.IMPORTS
            self.imports = imports.read_text() if imports.exists() else ""
            return imported if self.imports else first

        monkeypatch.setattr(Stack, "plan", plan)
        monkeypatch.setattr(Stack, "before", lambda _: Declared(()))
        monkeypatch.setattr(Stack, "apply", lambda _: setattr(self, "applied", True))


ADDED = Change("aws_vpc.this", "aws_vpc", "add", (), after={"tags": {"Name": "sparkify-it"}})
FIRST = Plan((ADDED,), applicable=True)
IMPORTED = Plan((replace(ADDED, action="import"),), applicable=True)


def adopt(checkout: Checkout, environment: str, confirm: str) -> JobRun:
    config = {"adopt_foundation": {"config": {"confirm": confirm}}}
    return run_on_plan(checkout, environment, "foundation", {}, adopt_ops.adopt, config=config)


@pytest.mark.parametrize("confirmed", [True, False])
def test_what_is_left_is_adopted_if_that_is_confirmed(
    checkout: Checkout,
    emulator: Emulator,
    environment: str,
    monkeypatch: pytest.MonkeyPatch,
    confirmed: bool,
) -> None:
    vpc = make_vpc(emulator, environment)
    stack = Adopting(monkeypatch, FIRST, IMPORTED)
    run = adopt(checkout, environment, environment if confirmed else "")
    assert run.success, run.failures
    assert run.metadata["adopt_foundation.imports"] == {"aws_vpc.this": vpc}
    assert stack.imports == f'import {{\n  to = aws_vpc.this\n  id = "{vpc}"\n}}\n'
    assert stack.applied == confirmed
    assert not list(checkout.folder.rglob(adopt_ops.IMPORTS))


@pytest.mark.parametrize(
    ("vpcs", "imported", "told"),
    [
        (2, IMPORTED, "are there more than once. Delete those that nothing uses"),
        (1, Plan((replace(ADDED, action="replace"),), applicable=True), "would replace aws_vpc.this"),
    ],
)
def test_nothing_is_adopted_by_chance_or_by_losing_it(
    checkout: Checkout,
    emulator: Emulator,
    environment: str,
    monkeypatch: pytest.MonkeyPatch,
    vpcs: int,
    imported: Plan,
    told: str,
) -> None:
    for _ in range(vpcs):
        make_vpc(emulator, environment)
    stack = Adopting(monkeypatch, FIRST, imported)
    assert told in adopt(checkout, environment, environment).failures["adopt_foundation"]
    assert not stack.applied
    assert not list(checkout.folder.rglob(adopt_ops.IMPORTS))
