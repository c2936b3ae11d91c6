"""Each kind of thing that a stack makes is recognised where no state has it: by a plan that would make it again, and by
its tags, with the command that deletes it.
"""

from __future__ import annotations

from sparkify_assets.infra.existing import LOOKED_FOR, Account
from sparkify_assets.infra.orphans import orphans
from sparkify_assets.infra.plan import Change, Plan
from tests.infra.test_orphans import environment as environment  # noqa: PLC0414 (a fixture)
from tests.infra.test_orphans import tags
from tests.infrastructure.harness import REGION, Emulator
from tests.infrastructure.test_declared_whole import resources

#: What only sets something of another thing, so that setting it twice does no harm; or is no thing on AWS.
SETTINGS = {
    "aws_cloudwatch_event_target",
    "aws_default_security_group",
    "aws_ecr_lifecycle_policy",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_redshift_logging",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "terraform_data",
}

#: No stack has the first module: its things are in another region, and whoever uses it has a state of their own. What
#: the other one makes has names that AWS refuses to give twice, and `infra adopt` does not know its stack.
APART = ("modules/snapshot_copies", "modules/orchestrator")


def test_every_type_of_the_stacks_is_looked_for_or_only_a_setting() -> None:
    """A new resource without a finder would be made a second time beside what a killed apply has left."""
    declared = {kind for folder, kind, _ in resources() if folder not in APART}
    assert declared - LOOKED_FOR - SETTINGS == set()
    assert not LOOKED_FOR & SETTINGS


def make(emulator: Emulator, environment: str) -> None:
    """One of each kind that AWS knows by a name, with the tags of the environment's warehouse if it can have some."""
    name, whose = f"sparkify-{environment}", {"Tags": tags(environment, "warehouse")}
    redshift, serverless = emulator.client("redshift"), emulator.client("redshift-serverless")
    emulator.client("sqs").create_queue(QueueName=name, tags={t["Key"]: t["Value"] for t in whose["Tags"]})
    emulator.client("events").put_rule(Name=name, EventPattern='{"source": ["aws.s3"]}', **whose)
    emulator.client("iam").create_instance_profile(InstanceProfileName=name + "-port-forward", **whose)
    redshift.create_cluster(
        ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="it", ManageMasterPassword=True, **whose
    )
    redshift.create_cluster_parameter_group(
        ParameterGroupName=name, ParameterGroupFamily="redshift-2.0", Description="Its own", **whose
    )
    redshift.create_cluster_subnet_group(
        ClusterSubnetGroupName=name,
        Description="Its own",
        SubnetIds=[emulator.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]],
        **whose,
    )
    redshift.create_usage_limit(
        ClusterIdentifier=name, FeatureType="spectrum", LimitType="data-scanned", Amount=1, **whose
    )
    redshift.create_scheduled_action(
        ScheduledActionName=f"{name}-pause",
        TargetAction={"PauseCluster": {"ClusterIdentifier": name}},
        Schedule="cron(0 1 * * ? *)",
        IamRole="arn:aws:iam::123456789012:role/scheduler",
    )
    lower = {"tags": [{"key": t["Key"], "value": t["Value"]} for t in whose["Tags"]]}
    serverless.create_namespace(namespaceName=name, **lower)


def test_each_kind_is_named_with_the_command_that_deletes_it(emulator: Emulator, environment: str) -> None:
    make(emulator, environment)
    name = f"sparkify-{environment}"
    [limit] = emulator.client("redshift").describe_usage_limits(ClusterIdentifier=name)["UsageLimits"]
    url = emulator.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    found = orphans(Account(environment, REGION), "warehouse", known=())
    assert {one.kind: one.deletion(REGION).replace(f" --region {REGION}", "") for one in found} == {
        "events:rule": f"aws events delete-rule --name {name}",
        "iam:instance-profile": "aws iam delete-instance-profile"
        f" --instance-profile-name {name}-port-forward",
        "redshift:cluster": f"aws redshift delete-cluster --cluster-identifier {name}"
        f" --final-cluster-snapshot-identifier {name}-orphan",
        "redshift:parametergroup": f"aws redshift delete-cluster-parameter-group --parameter-group-name {name}",
        "redshift:scheduledaction": f"aws redshift delete-scheduled-action --scheduled-action-name {name}-pause",
        "redshift:subnetgroup": f"aws redshift delete-cluster-subnet-group --cluster-subnet-group-name {name}",
        "redshift:usagelimit": f"aws redshift delete-usage-limit --usage-limit-id {limit['UsageLimitId']}",
        "redshift-serverless:namespace": f"aws redshift-serverless delete-namespace --namespace-name {name}",
        "sqs:queue": f"aws sqs delete-queue --queue-url {url}",
    }


def test_each_kind_is_found_before_it_is_made_again(emulator: Emulator, environment: str) -> None:
    make(emulator, environment)
    name = f"sparkify-{environment}"
    wanted = {
        "aws_cloudwatch_event_rule": {"name": name},
        "aws_iam_instance_profile": {"name": f"{name}-port-forward"},
        "aws_redshift_cluster": {"cluster_identifier": name},
        "aws_redshift_parameter_group": {"name": name},
        "aws_redshift_scheduled_action": {"name": f"{name}-pause"},
        "aws_redshift_subnet_group": {"name": name},
        "aws_redshift_usage_limit": {"cluster_identifier": name, "feature_type": "spectrum"},
        "aws_redshiftserverless_namespace": {"namespace_name": name},
        "aws_sqs_queue": {"name": name},
    }
    # a name that nothing has, and what hangs on another thing that is still to be made
    nowhere = {
        "aws_budgets_budget": {"name": "nowhere"},
        "aws_redshift_snapshot_copy": {"cluster_identifier": name},
        "aws_redshiftserverless_endpoint_access": {"endpoint_name": "nowhere"},
        "aws_redshiftserverless_usage_limit": {"usage_type": "serverless-compute", "period": "daily"},
        "aws_sqs_queue": {"name": "nowhere"},
    }
    changes = [
        Change(f"{kind}.{whose}", kind, "add", (), after=after)
        for whose, kinds in (("this", wanted), ("nowhere", nowhere))
        for kind, after in kinds.items()
    ]
    found = Account(environment, REGION).existing(Plan(tuple(changes), applicable=True))
    ids = {one.address.removesuffix(".this"): one.import_id for one in found}
    [limit] = emulator.client("redshift").describe_usage_limits(ClusterIdentifier=name)["UsageLimits"]
    assert ids == {kind: next(iter(after.values())) for kind, after in wanted.items()} | {
        "aws_redshift_usage_limit": limit["UsageLimitId"],
        "aws_sqs_queue": emulator.client("sqs").get_queue_url(QueueName=name)["QueueUrl"],
    }
