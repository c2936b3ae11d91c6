"""How a workgroup of Redshift Serverless is reached: its endpoint, and GetCredentials.

GetCredentials takes no database user: it logs an IAM user in as "IAM:name" and a role as "IAMR:name"
(https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html). So that laptop and server
still own the same tables, whoever loads first assumes the one role that the address names, which Terraform makes
(terraform/modules/serverless/loader.tf).

Does not belong here: a workgroup's states (`workgroup_state`), connections (`redshift`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sparkify_assets.warehouse import errors, workgroup_state
from sparkify_assets.warehouse.address import Address
from sparkify_assets.warehouse.service import CREDENTIALS_SECONDS, Credentials, Log, administrator, lasts
from sparkify_assets.warehouse.workgroup_state import Workgroup


@dataclass
class Serverless:
    """A workgroup. `log` receives a line for each wait."""

    address: Address
    log: Log
    has_stl_views = False  # https://docs.aws.amazon.com/redshift/latest/dg/sys_view_migration.html
    _session: dict[str, Any] | None = field(default=None, init=False, repr=False)

    @property
    def title(self) -> str:
        """Its kind and name, for messages."""
        return f"workgroup {self.address.name}"

    def loader(self) -> str:
        """The database user that owns and loads the tables: that of the role, or of the identity without one."""
        return self._of_identity().user

    def available(self) -> Workgroup:
        """The workgroup, once no change of it is under way. Raises ClusterError."""
        return self.described().wait_until_available(self.log, self._api())

    def described(self) -> Workgroup:
        """The workgroup as it is now. Raises ClusterError if there is none."""
        workgroup = workgroup_state.find_workgroup(self.address.name, self.address.region, self._api())
        if workgroup is None:
            raise errors.ClusterError(f"there is no {self.title}")
        return workgroup

    def credentials(self) -> Credentials:
        """New credentials of the kind that the address asks for."""
        if self.address.login == "iam":
            return self._of_identity()
        namespace = self._api().get_namespace(namespaceName=self.described().namespace)["namespace"]
        return administrator(self.title, namespace.get("adminPasswordSecretArn", ""), self.address.region)

    def reader(self) -> Credentials:
        """New credentials of the user that belongs to the IAM identity itself; the role owns the tables."""
        return self._of_identity(as_role=False)

    def _of_identity(self, *, as_role: bool = True) -> Credentials:
        answer = self._api(as_role=as_role).get_credentials(
            workgroupName=self.address.name,
            dbName=self.address.database,
            durationSeconds=CREDENTIALS_SECONDS,
        )
        return Credentials(answer["dbUser"], answer["dbPassword"], answer["expiration"])

    def _api(self, *, as_role: bool | None = None) -> Any:
        """A client of the service, as the address's role if it has one. The administrator assumes no role."""
        import boto3  # here, because it takes a quarter of a second that only Redshift needs

        keys: dict[str, str] = {}
        if self.address.role and (self.address.login == "iam" if as_role is None else as_role):
            keys = self._assumed(self.address.role)
        return boto3.client("redshift-serverless", region_name=self.address.region, **keys)  # type: ignore[call-overload]

    def _assumed(self, role: str) -> dict[str, str]:
        """The keys of a session as the role, which lasts an hour and is begun anew before it ends."""
        import boto3

        if self._session is None or not lasts(self._session["Expiration"]):
            sts = boto3.client("sts", region_name=self.address.region)
            self._session = sts.assume_role(RoleArn=role, RoleSessionName="sparkify")["Credentials"]
        return {
            "aws_access_key_id": self._session["AccessKeyId"],
            "aws_secret_access_key": self._session["SecretAccessKey"],
            "aws_session_token": self._session["SessionToken"],
        }
