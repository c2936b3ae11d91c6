"""A provisioned environment as it is on AWS, for whoever changes it by hand."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore import xform_name

from tests.infrastructure.harness import REGION, Emulator

#: An account that is not ours.
STRANGER = "999988887777"

#: A region in which there is nothing of the environment.
ELSEWHERE = "us-east-1"


@dataclass(frozen=True)
class Account:
    """A provisioned environment as its resources are on AWS."""

    emulator: Emulator
    environment: str

    @property
    def name(self) -> str:
        return f"sparkify-{self.environment}"

    def client(self, service: str, region: str = REGION) -> Any:
        return self.emulator.client(service, region)

    @cached_property
    def cluster(self) -> Any:
        return self.client("redshift").describe_clusters(ClusterIdentifier=self.name)["Clusters"][0]

    @property
    def vpc(self) -> str:
        return str(self.cluster["VpcId"])

    @property
    def port(self) -> int:
        return int(self.cluster["Endpoint"]["Port"])

    @property
    def namespace(self) -> str:
        return str(self.cluster["ClusterNamespaceArn"])

    @property
    def key(self) -> str:
        return str(self.cluster["KmsKeyId"]).rpartition("/")[2]

    @property
    def bucket(self) -> str:
        return f"{self.name}-landing-123456789012"

    @property
    def role(self) -> str:
        return f"{self.name}-s3-read"

    def group(self, name: str) -> str:
        wanted = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "group-name", "Values": [name]}]
        groups = self.client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]
        return str(groups[0]["GroupId"])

    def route_table(self) -> str:
        """The one that Terraform made."""
        tables = self.client("ec2").describe_route_tables(Filters=self.in_vpc)["RouteTables"]
        [own] = [t["RouteTableId"] for t in tables if any(tag["Key"] == "Project" for tag in t["Tags"])]
        return str(own)

    @property
    def in_vpc(self) -> list[dict[str, Any]]:
        return [{"Name": "vpc-id", "Values": [self.vpc]}]

    def subnet(self) -> str:
        declared = [*self.in_vpc, {"Name": "tag:Project", "Values": ["sparkify"]}]
        subnets = self.client("ec2").describe_subnets(Filters=declared)["Subnets"]
        return str(min(subnet["SubnetId"] for subnet in subnets))

    def tidy(self) -> None:
        """Remove what only served the injections and hangs on nothing of the environment any more."""
        ec2 = self.client("ec2")
        self.client("iam").delete_role(RoleName="administrator")
        self.client("redshift").delete_cluster_snapshot(SnapshotIdentifier="by-hand")
        self.client("redshift", ELSEWHERE).delete_snapshot_copy_grant(SnapshotCopyGrantName="by-hand")
        sqs = self.client("sqs")
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="arrivals")["QueueUrl"])
        ec2.delete_security_group(GroupId=self.group("wide-open"))
        for vpc in ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.99.0.0/16"]}])["Vpcs"]:
            ec2.delete_vpc(VpcId=vpc["VpcId"])

    def carry_out(self, command: str) -> None:
        """Do what the AWS CLI would do with this command: operation and options are botocore's, in kebab case."""
        aws, service, operation, *words = shlex.split(command)
        assert aws == "aws", command
        client = self.client(service.replace("s3api", "s3"))
        [method] = [
            n for n in client.meta.method_to_api_mapping if xform_name(n, "-").replace("_", "-") == operation
        ]
        members = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[method]
        ).input_shape.members
        options = dict(zip(words[::2], words[1::2], strict=True))
        assert options.pop("--region") == REGION
        given: dict[str, Any] = {}
        for option, value in options.items():
            [name] = [m for m in members if f"--{xform_name(m, '-')}" == option]
            kind = members[name].type_name
            written = kind == "structure" or value.startswith("[")
            given[name] = json.loads(value) if written else [value] if kind == "list" else value
        getattr(client, method)(**given)
