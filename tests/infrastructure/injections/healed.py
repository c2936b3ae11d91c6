"""What the plan shows, because Terraform declares the whole of it, and an apply takes away."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.infrastructure.harness import REGION
from tests.infrastructure.injections.account import STRANGER, Account
from tests.infrastructure.injections.kinds import (
    EVERYBODY,
    EVERYBODY_BY_6,
    Injection,
    let_in,
    let_out,
    policy,
)


def extend(
    service: str, read: str, write: str, **names: Callable[[Account], str]
) -> Callable[[Account, dict[str, Any]], Any]:
    """Add a statement to a policy that is there."""

    def add(on: Account, statement: dict[str, Any]) -> None:
        client, where = on.client(service), {name: of(on) for name, of in names.items()}
        document = json.loads(getattr(client, read)(**where)["Policy"])
        document["Statement"].append({"Effect": "Allow", **statement})
        getattr(client, write)(**where, Policy=json.dumps(document))

    return add


def _modify(**settings: Any) -> Callable[[Account], Any]:
    return lambda on: on.client("redshift").modify_cluster(ClusterIdentifier=on.name, **settings)


def set_parameter(name: str, value: str) -> Callable[[Account], Any]:
    return lambda on: on.client("redshift").modify_cluster_parameter_group(
        ParameterGroupName=on.name, Parameters=[{"ParameterName": name, "ParameterValue": value}]
    )


def _trust_a_stranger(on: Account) -> None:
    iam = on.client("iam")
    trust = iam.get_role(RoleName=on.role)["Role"]["AssumeRolePolicyDocument"]
    principal = {"AWS": f"arn:aws:iam::{STRANGER}:root"}
    trust["Statement"].append({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName=on.role, PolicyDocument=json.dumps(trust))


def _another_group(on: Account) -> None:
    made = on.client("ec2").create_security_group(GroupName="wide-open", Description="x", VpcId=on.vpc)
    now = [group["VpcSecurityGroupId"] for group in on.cluster["VpcSecurityGroups"]]
    _modify(VpcSecurityGroupIds=[*now, made["GroupId"]])(on)


def _another_role(on: Account) -> None:
    role = on.client("iam").create_role(
        RoleName="administrator", AssumeRolePolicyDocument=policy(Action="sts:AssumeRole")
    )
    on.client("redshift").modify_cluster_iam_roles(
        ClusterIdentifier=on.name, AddIamRoles=[role["Role"]["Arn"]]
    )


def _delete_limit(on: Account) -> None:
    redshift = on.client("redshift")
    limits = redshift.describe_usage_limits(ClusterIdentifier=on.name)["UsageLimits"]
    [spectrum] = [limit["UsageLimitId"] for limit in limits if limit["FeatureType"] == "spectrum"]
    redshift.delete_usage_limit(UsageLimitId=spectrum)


def _delete_flow_log(on: Account) -> None:
    ec2 = on.client("ec2")
    logs = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [on.vpc]}])["FlowLogs"]
    ec2.delete_flow_logs(FlowLogIds=[log["FlowLogId"] for log in logs])


def _open_the_endpoint(on: Account) -> None:
    ec2 = on.client("ec2")
    to_s3 = [*on.in_vpc, {"Name": "service-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    [endpoint] = ec2.describe_vpc_endpoints(Filters=to_s3)["VpcEndpoints"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint["VpcEndpointId"],
        PolicyDocument=policy(Principal="*", Action="*", Resource="*"),
    )


def _notify(on: Account) -> None:
    on.client("sqs").create_queue(QueueName="arrivals")
    told = {"QueueArn": f"arn:aws:sqs:{REGION}:123456789012:arrivals", "Events": ["s3:ObjectCreated:*"]}
    on.client("s3").put_bucket_notification_configuration(
        Bucket=on.bucket, NotificationConfiguration={"QueueConfigurations": [told]}
    )


_public_policy = extend("s3", "get_bucket_policy", "put_bucket_policy", Bucket=lambda on: on.bucket)
_key_policy = extend(
    "kms", "get_key_policy", "put_key_policy", KeyId=lambda on: on.key, PolicyName=lambda _: "default"
)


HEALED = (
    Injection("a rule for the whole internet", let_in("{}-cluster", port=5439, **EVERYBODY),
              "the whole internet (0.0.0.0/0) can reach tcp port 5439"),
    Injection("a rule for the whole internet by IPv6", let_in("{}-cluster", **EVERYBODY_BY_6),
              "the whole internet (::/0) can reach every port"),
    Injection("a way out of the cluster", let_out("{}-cluster", **EVERYBODY),
              "what carries the group can send to the whole internet (0.0.0.0/0), every port"),
    Injection("a way in to the clients", let_in("{}-clients", port=22, **EVERYBODY),
              "the whole internet (0.0.0.0/0) can reach tcp port 22"),
    Injection("a rule of the default group", let_in("default", port=3389, **EVERYBODY),
              "the whole internet (0.0.0.0/0) can reach tcp port 3389"),
    Injection("a policy attached to COPY's role",
              lambda on: on.client("iam").attach_role_policy(
                  RoleName=on.role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
              "the role may do what arn:aws:iam::aws:policy/AdministratorAccess says"),
    Injection("an inline policy of COPY's role",
              lambda on: on.client("iam").put_role_policy(
                  RoleName=on.role, PolicyName="everything", PolicyDocument=policy(Action="*", Resource="*")),
              "the role may do what its inline policy everything says"),
    Injection("a policy attached to the scheduler's role",
              lambda on: on.client("iam").attach_role_policy(
                  RoleName=f"{on.name}-pause-schedule", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"),
              "the role may do what arn:aws:iam::aws:policy/AmazonS3FullAccess says"),
    Injection("an inline policy of the flow log's role",
              lambda on: on.client("iam").put_role_policy(
                  RoleName=f"{on.name}-vpc-flow-log", PolicyName="more",
                  PolicyDocument=policy(Action="*", Resource="*")),
              "the role may do what its inline policy more says"),
    Injection("another text of an inline policy",
              lambda on: on.client("iam").put_role_policy(
                  RoleName=f"{on.name}-pause-schedule", PolicyName="pause-and-resume",
                  PolicyDocument=policy(Action="redshift:*", Resource="*")),
              "whoever holds it may redshift:* on *"),
    Injection("a stranger trusted by COPY's role", _trust_a_stranger, f"account {STRANGER} may sts:AssumeRole"),
    Injection("a public endpoint", _modify(PubliclyAccessible=True), "the internet can reach its endpoint"),
    Injection("another security group on the cluster", _another_group, "whoever security group sg-"),
    Injection("another role on the cluster", _another_role,
              "its users can act as role arn:aws:iam::123456789012:role/administrator"),
    Injection("COPY past the VPC", _modify(EnhancedVpcRouting=False), "COPY and UNLOAD reach buckets past the VPC"),
    Injection("connections without TLS", set_parameter("require_ssl", "false"), "connections without TLS are accepted"),
    Injection("the audit log switched off",
              lambda on: on.client("redshift").disable_logging(ClusterIdentifier=on.name),
              "aws_redshift_logging.this", exposes=False),
    Injection("a usage limit deleted", _delete_limit, "aws_redshift_usage_limit.spectrum", exposes=False),
    Injection("a shorter life of snapshots", _modify(AutomatedSnapshotRetentionPeriod=1),
              "automated_snapshot_retention_period", exposes=False),
    Injection("another tag of the cluster",
              lambda on: on.client("redshift").create_tags(
                  ResourceName=f"arn:aws:redshift:{REGION}:123456789012:cluster:{on.name}",
                  Tags=[{"Key": "Owner", "Value": "somebody"}]),
              "somebody", exposes=False),
    Injection("the flow log deleted", _delete_flow_log, "aws_flow_log.this", exposes=False),
    Injection("the S3 endpoint open to every bucket", _open_the_endpoint, "everybody may * on *"),
    Injection("subnets with public addresses",
              lambda on: on.client("ec2").modify_subnet_attribute(
                  SubnetId=on.subnet(), MapPublicIpOnLaunch={"Value": True}),
              "whatever starts in it gets a public address"),
    Injection("the public access block removed",
              lambda on: on.client("s3").delete_public_access_block(Bucket=on.bucket),
              "nothing keeps the bucket from being made public by a policy"),
    Injection("a bucket that everybody reads",
              lambda on: _public_policy(
                  on, {"Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{on.bucket}/*"}),
              "everybody may s3:GetObject on arn:aws:s3:::"),
    Injection("ACLs that count",
              lambda on: on.client("s3").put_bucket_ownership_controls(
                  Bucket=on.bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
              "ACLs count"),
    Injection("versions no longer kept",
              lambda on: on.client("s3").put_bucket_versioning(
                  Bucket=on.bucket, VersioningConfiguration={"Status": "Suspended"}),
              "aws_s3_bucket_versioning.this", exposes=False),
    Injection("notifications to another queue", _notify, "aws_s3_bucket_notification.this", exposes=False),
    Injection("a stranger in the key's policy",
              lambda on: _key_policy(
                  on, {"Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"},
                       "Action": "kms:Decrypt", "Resource": "*"}),
              f"account {STRANGER} may kms:Decrypt on *"),
    Injection("a key that no longer rotates",
              lambda on: on.client("kms").disable_key_rotation(KeyId=on.key), "enable_key_rotation", exposes=False),
    Injection("logs that are kept for ever",
              lambda on: on.client("logs").delete_retention_policy(logGroupName=f"/{on.name}/vpc-flow-log"),
              "retention_in_days", exposes=False),
)  # fmt: skip
