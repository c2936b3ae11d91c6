"""A workgroup of Redshift Serverless on loopback: `LoopbackCluster` with the API of the other kind."""

from __future__ import annotations

import boto3

from redshift_local.endpoint.cluster import ClusterState
from tests.redshift.conftest import ADMINISTRATOR, LoopbackCluster


class WorkgroupState(ClusterState):
    """What the data plane knows of a workgroup."""

    def roles(self) -> tuple[str, list[str]]:
        namespace = boto3.client("redshift-serverless").get_namespace(namespaceName=self.identifier)[
            "namespace"
        ]
        default = namespace["defaultIamRoleArn"]
        assert namespace["iamRoles"] == [f"IamRole(applyStatus=in-sync, iamRoleArn={default})"]
        return default, [default]


class LoopbackWorkgroup(LoopbackCluster):
    """A workgroup of the emulated AWS and its namespace, with a role for who loads."""

    State = WorkgroupState

    @property
    def loader_role(self) -> str:
        return f"arn:aws:iam::123456789012:role/{self.identifier}-loader"

    def create(self) -> None:
        boto3.client("iam").create_role(RoleName=f"{self.identifier}-loader", AssumeRolePolicyDocument="{}")
        serverless = boto3.client("redshift-serverless")
        serverless.create_namespace(
            namespaceName=self.identifier, dbName=self.database, adminUsername=ADMINISTRATOR,
            manageAdminPassword=True, iamRoles=[self.role], defaultIamRoleArn=self.role,
        )  # fmt: skip
        serverless.create_workgroup(
            workgroupName=self.identifier,
            namespaceName=self.identifier,
            baseCapacity=8,
            port=self.endpoint.port,
        )

    def secret_arn(self) -> str:
        namespace = boto3.client("redshift-serverless").get_namespace(namespaceName=self.identifier)[
            "namespace"
        ]
        return namespace["adminPasswordSecretArn"]

    def url(self, **options: str) -> str:
        scheme, _, rest = super().url(role=self.loader_role, **options).partition(":")
        return f"{scheme}-serverless:{rest}"
