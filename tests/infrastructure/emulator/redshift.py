"""Redshift's control plane as the Terraform AWS provider 5.100 and this project's jobs call it.

moto 5.2.5 misses fields that the provider waits for (ClusterAvailabilityStatus, the relocation status, …), the
managed password, parameters of parameter groups, scheduled actions and usage limits. The shapes follow
https://docs.aws.amazon.com/redshift/latest/APIReference/. Only what the stacks use is here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, ClassVar

from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.core.responses import ActionResult, EmptyResult
from moto.moto_api._internal import mock_random
from moto.redshift import models, responses, urls
from moto.secretsmanager.models import secretsmanager_backends

from . import control, credentials
from .sharing import Shared, Sharing
from .snapshots import Grants, Restoring, Snapshot


class Cluster(models.Cluster):
    """A cluster with the fields that moto leaves out."""

    default_iam_role_arn = ""
    manual_snapshot_retention_period = -1
    maintenance_track_name = "current"
    multi_az = "Disabled"
    cluster_revision_number = "100000"
    master_password_secret_arn: str | None = None
    master_password_secret_kms_key_id: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preferred_maintenance_window = self.preferred_maintenance_window.lower()
        self.cluster_namespace_arn = (
            f"arn:aws:redshift:{self.region}:{self.account_id}:namespace:{mock_random.uuid4()}"
        )
        self.begun_at = time.monotonic()
        # On by default: https://docs.aws.amazon.com/redshift/latest/mgmt/managing-cluster-recovery.html
        self.availability_zone_relocation_status = "enabled"

    @property
    def ready(self) -> bool:
        return time.monotonic() >= self.begun_at + control.current().create_seconds

    @property
    def cluster_status(self) -> str:
        return self.status if self.ready else "creating"

    @property
    def cluster_availability_status(self) -> str:
        if not self.ready:
            return "Modifying"
        return "Available" if self.status == "available" else "Unavailable"

    @property
    def endpoint(self) -> dict[str, str | int] | None:  # type: ignore[override]
        if not self.ready:
            return None
        return {"Address": control.current().redshift_host or self.address, "Port": self.port}

    @property
    def vpc_id(self) -> str | None:
        group = self.redshift_backend.subnet_groups.get(self.cluster_subnet_group_name)
        return group.vpc_id if group else None

    @property
    def cluster_nodes(self) -> list[dict[str, str]]:
        """A paused cluster has no nodes, which the provider takes for a change of its type (its issue 20944)."""
        if self.status == "paused":
            return []
        if self.number_of_nodes == 1:
            return [{"NodeRole": "SHARED", "PrivateIPAddress": "10.0.0.10"}]
        roles = ["LEADER", *(f"COMPUTE-{index}" for index in range(self.number_of_nodes))]
        return [{"NodeRole": role, "PrivateIPAddress": f"10.0.0.{10 + i}"} for i, role in enumerate(roles)]

    def manage_password(self, kms_key_id: str | None) -> None:
        """Makes the admin secret as Redshift does."""
        password = mock_random.get_random_string(32)
        secret = secretsmanager_backends[self.account_id][self.region].create_managed_secret(
            service_name="redshift",
            secret_id=f"redshift!{self.cluster_identifier}-{self.master_username}",
            secret_string=json.dumps({"username": self.master_username, "password": password}),
            kms_key_id=kms_key_id,
        )
        self.master_user_password = password
        self.master_password_secret_arn = secret.arn
        self.master_password_secret_kms_key_id = kms_key_id

    def forget_password(self) -> None:
        """Deletes the admin secret, as Redshift does with the cluster."""
        if self.master_password_secret_arn:
            secretsmanager_backends[self.account_id][self.region].secrets.pop(self.master_password_secret_arn)


class Backend(Grants, models.RedshiftBackend, TaggableResourcesMixin):
    """moto's backend, seen by the tagging API, with a place for what moto does not know."""

    SERVICE_NAMESPACE = "redshift"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.parameters: dict[str, dict[str, str]] = {}
        self.scheduled_actions: dict[str, dict[str, Any]] = {}
        self.usage_limits: dict[str, UsageLimit] = {}
        self.shared = Shared()
        self.RESOURCE_TYPE_MAP["usagelimit"] = self.usage_limits  # type: ignore[assignment]
        self.RESOURCE_TYPE_MAP["snapshotcopygrant"] = self.snapshot_copy_grants  # type: ignore[assignment]

    @property
    def _url_module(self) -> Any:
        """moto looks for the routes beside the class's own module."""
        return urls

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        for kind, resources in self.RESOURCE_TYPE_MAP.items():
            for resource in resources.values():
                tags = {tag["Key"]: tag["Value"] for tag in resource.tags}
                yield TaggedResource(arn=resource.arn, tags=tags, resource_type=f"redshift:{kind}")

    def delete_cluster(self, **kwargs: Any) -> models.Cluster:
        cluster = super().delete_cluster(**kwargs)
        assert isinstance(cluster, Cluster)
        cluster.forget_password()
        limits = [
            key
            for key, limit in self.usage_limits.items()
            if limit.cluster_identifier == kwargs["cluster_identifier"]
        ]
        for key in limits:
            del self.usage_limits[key]
        return cluster


class UsageLimit(models.TaggableResourceMixin):
    """https://docs.aws.amazon.com/redshift/latest/APIReference/API_UsageLimit.html"""

    resource_type = "usagelimit"

    def __init__(self, backend: Backend, fields: dict[str, Any], tags: list[dict[str, str]]) -> None:
        super().__init__(backend.account_id, backend.region_name, tags)
        self.usage_limit_id = str(mock_random.uuid4())
        self.cluster_identifier = fields["ClusterIdentifier"]
        self.fields = fields

    @property
    def resource_id(self) -> str:
        return self.usage_limit_id

    def shape(self) -> dict[str, Any]:
        return {**self.fields, "UsageLimitId": self.usage_limit_id, "Tags": self.tags}


class Response(Sharing, Restoring, responses.RedshiftResponse):
    """moto's dispatcher with the missing actions; a method's name is the action's."""

    RESPONSE_KEY_PATH_TO_TRANSFORMER: ClassVar[dict[str, Any]] = {}

    @property
    def redshift_backend(self) -> Backend:
        backend = super().redshift_backend
        assert isinstance(backend, Backend)
        return backend

    def cluster(self) -> Cluster:
        cluster = self.redshift_backend.describe_clusters(self._get_param("ClusterIdentifier"))[0]
        assert isinstance(cluster, Cluster)
        return cluster

    # Clusters

    def create_cluster(self) -> ActionResult:
        super().create_cluster()
        return self.completed(self.cluster())

    def completed(self, cluster: Cluster) -> ActionResult:
        """A new cluster with what moto leaves out of it."""
        cluster.default_iam_role_arn = self._get_param("DefaultIamRoleArn") or ""
        self._set_zones(cluster)
        if self._get_bool_param("ManageMasterPassword", False):
            cluster.manage_password(self._get_param("MasterPasswordSecretKmsKeyId"))
        return ActionResult({"Cluster": cluster})

    def modify_cluster(self) -> ActionResult:
        cluster = self.cluster()
        if cluster.status == "paused":
            raise control.Refusal("InvalidClusterState", f"{cluster.cluster_identifier} is paused.")
        if not set(self.querystring) - {"Action", "Version", "ClusterIdentifier"}:
            # https://github.com/hashicorp/terraform-provider-aws/issues/30160 shows AWS's answer.
            raise control.Refusal("InvalidParameterCombination", "No modifications were requested")
        super().modify_cluster()
        cluster.port = self._get_int_param("Port") or cluster.port
        if group := self._get_param("ClusterParameterGroupName"):
            cluster.cluster_parameter_group_name = [group]
        for parameter, attribute in (
            ("PubliclyAccessible", "publicly_accessible"),
            ("Encrypted", "encrypted"),
            ("EnhancedVpcRouting", "enhanced_vpc_routing"),
            ("AllowVersionUpgrade", "allow_version_upgrade"),
        ):
            value = self._get_bool_param(parameter)
            if value is not None:
                setattr(cluster, attribute, value)
        self._set_zones(cluster)
        return ActionResult({"Cluster": cluster})

    def resize_cluster(self) -> ActionResult:
        """https://docs.aws.amazon.com/redshift/latest/APIReference/API_ResizeCluster.html"""
        cluster = self.cluster()
        cluster.node_type = self._get_param("NodeType") or cluster.node_type
        cluster.number_of_nodes = self._get_int_param("NumberOfNodes") or cluster.number_of_nodes
        return ActionResult({"Cluster": cluster})

    def describe_node_configuration_options(self) -> ActionResult:
        """Half to double the nodes of a cluster that has several, which AWS's page on resizing says of RA3:
        https://docs.aws.amazon.com/redshift/latest/mgmt/resizing-cluster.html
        """
        cluster = self.cluster()
        now = cluster.number_of_nodes
        sizes = [] if now == 1 else [n for n in range(max(2, now // 2), now * 2 + 1) if n != now]
        options = [{"NodeType": cluster.node_type, "NumberOfNodes": size} for size in sizes]
        return ActionResult({"NodeConfigurationOptionList": options})

    def modify_cluster_iam_roles(self) -> ActionResult:
        cluster = self.cluster()
        gone = set(self._get_param("RemoveIamRoles", []))
        kept = [role for role in cluster.iam_roles_arn if role not in gone]
        cluster.iam_roles_arn = list(dict.fromkeys([*kept, *self._get_param("AddIamRoles", [])]))
        if (default := self._get_param("DefaultIamRoleArn")) is not None:
            cluster.default_iam_role_arn = default
        return ActionResult({"Cluster": cluster})

    def _set_zones(self, cluster: Cluster) -> None:
        """Or two at once: https://docs.aws.amazon.com/redshift/latest/mgmt/overview-multi-az.html (limitations)."""
        relocation, zones = (self._get_bool_param(name) for name in ("AvailabilityZoneRelocation", "MultiAZ"))
        if relocation is not None:
            cluster.availability_zone_relocation_status = "enabled" if relocation else "disabled"
        if zones is not None:
            cluster.multi_az = "Enabled" if zones else "Disabled"
        if cluster.multi_az == "Enabled":
            cluster.availability_zone_relocation_status = "disabled"
            group = self.redshift_backend.subnet_groups[cluster.cluster_subnet_group_name]
            fits = cluster.number_of_nodes >= 2 and len({s.availability_zone for s in group.subnets}) >= 3
            if relocation or not fits or not cluster.encrypted:
                raise control.Refusal("UnsupportedOperation", "Multi-AZ: 2 nodes, 3 zones, no relocation.")

    def pause_cluster(self) -> ActionResult:
        if self.cluster().multi_az == "Enabled":
            raise control.Refusal("UnsupportedOperation", "A Multi-AZ cluster cannot be paused.")
        return super().pause_cluster()

    def get_cluster_credentials(self) -> ActionResult:
        self.cluster()
        prefix = "IAMA:" if self._get_bool_param("AutoCreate", False) else "IAM:"
        return self._issued(prefix + self._get_param("DbUser"))

    def get_cluster_credentials_with_iam(self) -> ActionResult:
        self.cluster()
        return self._issued("IAMR:emulator")

    def _issued(self, user: str) -> ActionResult:
        return ActionResult(credentials.issue(user, self._get_int_param("DurationSeconds", 900)))

    # Parameter groups

    def modify_cluster_parameter_group(self) -> ActionResult:
        name = self._get_param("ParameterGroupName")
        self.redshift_backend.describe_cluster_parameter_groups(name)
        for parameter in self._get_param("Parameters", []):
            own = self.redshift_backend.parameters.setdefault(name, {})
            own[parameter["ParameterName"]] = parameter["ParameterValue"]
        return ActionResult({"ParameterGroupName": name, "ParameterGroupStatus": "updated"})

    def reset_cluster_parameter_group(self) -> ActionResult:
        name = self._get_param("ParameterGroupName")
        own = self.redshift_backend.parameters.setdefault(name, {})
        for parameter in self._get_param("Parameters", []):
            own.pop(parameter["ParameterName"], None)
        return ActionResult({"ParameterGroupName": name, "ParameterGroupStatus": "reset"})

    def describe_cluster_parameters(self) -> ActionResult:
        name, source = self._get_param("ParameterGroupName"), self._get_param("Source")
        self.redshift_backend.describe_cluster_parameter_groups(name)
        own = self.redshift_backend.parameters.get(name, {})
        parameters = [
            {
                **default,
                "ParameterValue": own.get(default["ParameterName"], default["ParameterValue"]),
                "Source": "user" if default["ParameterName"] in own else "engine-default",
                "IsModifiable": True,
            }
            for default in self.redshift_backend.describe_default_cluster_parameters()
        ]
        return ActionResult({"Parameters": [p for p in parameters if not source or p["Source"] == source]})

    # Scheduled actions: https://docs.aws.amazon.com/redshift/latest/APIReference/API_ScheduledAction.html

    _SCHEDULE_FIELDS = (
        "ScheduledActionName",
        "TargetAction",
        "Schedule",
        "IamRole",
        "ScheduledActionDescription",
    )

    def create_scheduled_action(self) -> ActionResult:
        action = {
            key: self._get_param(key) for key in self._SCHEDULE_FIELDS if self._get_param(key) is not None
        }
        action["State"] = "ACTIVE" if self._get_bool_param("Enable", True) else "DISABLED"
        self.redshift_backend.scheduled_actions[action["ScheduledActionName"]] = action
        return ActionResult(action)

    def modify_scheduled_action(self) -> ActionResult:
        action = self._scheduled_action()
        action.update(
            {key: self._get_param(key) for key in self._SCHEDULE_FIELDS if self._get_param(key) is not None}
        )
        return ActionResult(action)

    def describe_scheduled_actions(self) -> ActionResult:
        if self._get_param("ScheduledActionName"):
            return ActionResult({"ScheduledActions": [self._scheduled_action()]})
        return ActionResult({"ScheduledActions": list(self.redshift_backend.scheduled_actions.values())})

    def delete_scheduled_action(self) -> EmptyResult:
        del self.redshift_backend.scheduled_actions[self._scheduled_action()["ScheduledActionName"]]
        return EmptyResult()

    def _scheduled_action(self) -> dict[str, Any]:
        name = self._get_param("ScheduledActionName")
        if name not in self.redshift_backend.scheduled_actions:
            raise control.Refusal("ScheduledActionNotFound", f"Scheduled action {name} not found.")
        return self.redshift_backend.scheduled_actions[name]

    # Usage limits

    def create_usage_limit(self) -> ActionResult:
        self.cluster()
        fields = {key: self._get_param(key) for key in ("ClusterIdentifier", "FeatureType", "LimitType")}
        fields |= {
            "Amount": self._get_int_param("Amount"),
            "Period": self._get_param("Period") or "monthly",
            "BreachAction": self._get_param("BreachAction") or "log",
        }
        limit = UsageLimit(self.redshift_backend, fields, self._get_param("Tags", []))
        self.redshift_backend.usage_limits[limit.usage_limit_id] = limit
        return ActionResult(limit.shape())

    def modify_usage_limit(self) -> ActionResult:
        limit = self._usage_limit()
        for key, value in (
            ("Amount", self._get_int_param("Amount")),
            ("BreachAction", self._get_param("BreachAction")),
        ):
            if value is not None:
                limit.fields[key] = value
        return ActionResult(limit.shape())

    def describe_usage_limits(self) -> ActionResult:
        wanted, cluster = self._get_param("UsageLimitId"), self._get_param("ClusterIdentifier")
        limits = [
            limit.shape()
            for limit in self.redshift_backend.usage_limits.values()
            if wanted in (None, limit.usage_limit_id) and cluster in (None, limit.cluster_identifier)
        ]
        return ActionResult({"UsageLimits": limits})

    def delete_usage_limit(self) -> EmptyResult:
        del self.redshift_backend.usage_limits[self._usage_limit().usage_limit_id]
        return EmptyResult()

    def _usage_limit(self) -> UsageLimit:
        wanted = self._get_param("UsageLimitId")
        if wanted not in self.redshift_backend.usage_limits:
            raise control.Refusal("UsageLimitNotFound", f"Usage limit {wanted} not found.")
        return self.redshift_backend.usage_limits[wanted]


def install() -> None:
    """Puts these classes in the place of moto's; call it before the server starts."""
    models.Cluster = Cluster  # type: ignore[misc]
    models.Snapshot = Snapshot  # type: ignore[misc]
    models.redshift_backends.backend = Backend
    urls.url_paths["{0}/$"] = Response.dispatch
