"""redshift-serverless as the Terraform AWS provider 5.100 and this project call it; moto 5.2.5 does not have it.

The shapes follow https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/, and every request and answer is
checked against botocore's model of the service. Only what the stacks use is here: namespaces, workgroups, usage limits,
tags, credentials. What there is, and how long a change takes, is in `serverless_things`.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import botocore.session
from botocore.validate import ParamValidator
from moto import backend_index
from moto.core.base_backend import BackendDict
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import sts_backends

from . import credentials
from .serverless_things import DEFAULT_PARAMETERS, SERVICE, Backend, Thing, refused

_MODEL = botocore.session.get_session().get_service_model(SERVICE)


def _check(given: Any, shape: Any, whose: str) -> None:
    """Hold a request or an answer against the model of the service, unknown names included."""
    report = ParamValidator().validate(given, shape)
    told = report.generate_report() if report.has_errors() else ""
    if unknown := sorted(set(given) - set(shape.members)):
        told += f" unknown: {', '.join(unknown)}"
    if told:
        raise refused("Validation", f"{whose}: {told}")


backends = BackendDict(Backend, SERVICE)


class Response(BaseResponse):
    """The actions of the API; a method's name is the action's."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

    @property
    def backend(self) -> Backend:
        return backends[self.current_account][self.region]

    def given(self) -> dict[str, Any]:
        """The request, checked."""
        values: dict[str, Any] = json.loads(self.body or "{}")
        _check(values, _MODEL.operation_model(self._get_action()).input_shape, "Request")
        return values

    def answer(self, **values: Any) -> ActionResult:
        """The answer, checked. An empty list is left out where the model lets it be: it may want one entry at least."""
        shape = _MODEL.operation_model(self._get_action()).output_shape
        shown = {
            name: value for name, value in values.items() if value != [] or name in shape.required_members
        }
        _check(shown, shape, "Answer of the emulator")
        return ActionResult(shown)

    # Namespaces

    def create_namespace(self) -> ActionResult:
        given = self.given()
        name = given["namespaceName"]
        if name in self.backend.things["namespace"]:
            raise refused("Conflict", f"The namespace {name} already exists.")
        managed, tags = given.pop("manageAdminPassword", False), given.pop("tags", [])
        fields = {
            "dbName": "dev", "kmsKeyId": "AWS_OWNED_KMS_KEY", "logExports": [], "adminUsername": "admin",
            "creationDate": datetime.now(UTC), **given,
            "iamRoles": _in_sync(given.get("iamRoles", [])),
        }  # fmt: skip
        if managed:
            fields["adminPasswordSecretArn"] = self._manage_password(name, fields)
        namespace = self.backend.add("namespace", name, fields, tags)
        return self.answer(namespace=namespace.shape())

    def _manage_password(self, name: str, fields: dict[str, Any]) -> str:
        """The admin's secret, as Redshift makes it:
        https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
        """
        user = fields["adminUsername"]
        secret = secretsmanager_backends[self.current_account][self.region].create_managed_secret(
            service_name="redshift",
            secret_id=f"redshift!{name}-{user}",
            secret_string=json.dumps({"username": user, "password": mock_random.get_random_string(32)}),
            kms_key_id=fields.get("adminPasswordSecretKmsKeyId"),
        )
        return str(secret.arn)

    def get_namespace(self) -> ActionResult:
        return self.answer(namespace=self.backend.find("namespace", self.given()["namespaceName"]).shape())

    def list_namespaces(self) -> ActionResult:
        self.given()
        return self.answer(namespaces=[thing.shape() for thing in self.backend.things["namespace"].values()])

    def update_namespace(self) -> ActionResult:
        given = self.given()
        namespace = self._idle("namespace", given.pop("namespaceName"))
        if "iamRoles" in given:
            given["iamRoles"] = _in_sync(given["iamRoles"])
        namespace.fields |= {key: value for key, value in given.items() if key != "manageAdminPassword"}
        namespace.begin("MODIFYING")
        return self.answer(namespace=namespace.shape())

    def delete_namespace(self) -> ActionResult:
        name = self.given()["namespaceName"]
        namespace = self._idle("namespace", name)
        if any(w.fields["namespaceName"] == name for w in self.backend.things["workgroup"].values()):
            raise refused("Conflict", f"The namespace {name} has a workgroup. Delete the workgroup first.")
        if arn := namespace.fields.get("adminPasswordSecretArn"):
            secretsmanager_backends[self.current_account][self.region].secrets.pop(arn)
        namespace.begin("DELETING")
        return self.answer(namespace=namespace.shape())

    def _idle(self, kind: str, name: str) -> Thing:
        thing = self.backend.find(kind, name)
        if thing.busy:
            raise refused("Conflict", f"There is an operation running on the {kind}. Try again later.")
        return thing

    # Workgroups

    def create_workgroup(self) -> ActionResult:
        given = self.given()
        name, namespace = given["workgroupName"], given["namespaceName"]
        self.backend.find("namespace", namespace)
        if name in self.backend.things["workgroup"]:
            raise refused("Conflict", f"The workgroup {name} already exists.")
        if any(w.fields["namespaceName"] == namespace for w in self.backend.things["workgroup"].values()):
            raise refused("Conflict", f"The namespace {namespace} already has a workgroup.")
        self._check_network(given)
        asked = {p["parameterKey"]: p["parameterValue"] for p in given.pop("configParameters", [])}
        if asked.get("require_ssl") == "false":
            raise refused("Validation", "You can't disable require_ssl while the workgroup is being created.")
        tags = given.pop("tags", [])
        fields = {
            "baseCapacity": 128, "enhancedVpcRouting": False, "publiclyAccessible": False, "port": 5439,
            "subnetIds": [], "securityGroupIds": [], "trackName": "current", "creationDate": datetime.now(UTC),
            **given,
            "configParameters": _parameters({**DEFAULT_PARAMETERS, **asked}),
        }  # fmt: skip
        _check_capacity(fields)
        workgroup = self.backend.add("workgroup", name, fields, tags)
        host = f"{name}.{self.current_account}.{self.region}.{SERVICE}.amazonaws.com"
        fields["endpoint"] = {"address": host, "port": fields["port"], "vpcEndpoints": []}
        workgroup.begin("CREATING")
        return self.answer(workgroup=workgroup.shape())

    def _check_network(self, given: dict[str, Any]) -> None:
        """Three subnets in three zones: https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-usage-considerations.html"""
        ec2 = ec2_backends[self.current_account][self.region]
        zones = {ec2.get_subnet(subnet).availability_zone for subnet in given.get("subnetIds", [])}
        if "subnetIds" in given and len(zones) < 3:
            raise refused(
                "Validation",
                "There aren't enough subnets: the workgroup needs at least 3 in different Availability Zones.",
            )

    def get_workgroup(self) -> ActionResult:
        return self.answer(workgroup=self.backend.find("workgroup", self.given()["workgroupName"]).shape())

    def list_workgroups(self) -> ActionResult:
        self.given()
        return self.answer(workgroups=[thing.shape() for thing in self.backend.things["workgroup"].values()])

    def update_workgroup(self) -> ActionResult:
        given = self.given()
        workgroup = self._idle("workgroup", given.pop("workgroupName"))
        if len(given) > 1:
            raise refused("Validation", "You can't update multiple workgroup parameters in one request.")
        self._check_network(given)
        if asked := given.pop("configParameters", []):
            now = {p["parameterKey"]: p["parameterValue"] for p in workgroup.fields["configParameters"]}
            wanted = now | {p["parameterKey"]: p["parameterValue"] for p in asked}
            if wanted == now:
                raise refused("Validation", "You didn't specify any changes to the configuration parameters.")
            given["configParameters"] = _parameters(wanted)
        _check_capacity({**workgroup.fields, **given})
        workgroup.fields |= given
        workgroup.fields["endpoint"]["port"] = workgroup.fields["port"]
        workgroup.begin("MODIFYING")
        return self.answer(workgroup=workgroup.shape())

    def delete_workgroup(self) -> ActionResult:
        workgroup = self._idle("workgroup", self.given()["workgroupName"])
        limits = self.backend.things["usagelimit"]
        for key in [key for key, limit in limits.items() if limit.fields["resourceArn"] == workgroup.arn]:
            del limits[key]
        workgroup.begin("DELETING")
        return self.answer(workgroup=workgroup.shape())

    # Further endpoints: https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_EndpointAccess.html

    def create_endpoint_access(self) -> ActionResult:
        given = self.given()
        name, workgroup = given["endpointName"], self._idle("workgroup", given["workgroupName"])
        if name in self.backend.things["endpoint"]:
            raise refused("Conflict", f"The endpoint {name} already exists.")
        endpoint = self.backend.add("endpoint", name, _access(given), [])
        endpoint.fields |= {
            "port": workgroup.fields["port"],
            "address": f"{name}-endpoint-0123456789.{self.region}.{SERVICE}.amazonaws.com",
            "endpointCreateTime": datetime.now(UTC),
            "vpcEndpoint": self._vpc_endpoint(given["subnetIds"]),
        }
        endpoint.begin("CREATING")
        return self.answer(endpoint=endpoint.shape())

    def _vpc_endpoint(self, subnets: list[str]) -> dict[str, Any]:
        vpc = ec2_backends[self.current_account][self.region].get_subnet(subnets[0]).vpc_id
        return {"vpcEndpointId": "vpce-0123456789abcdef0", "vpcId": vpc, "networkInterfaces": []}

    def get_endpoint_access(self) -> ActionResult:
        return self.answer(endpoint=self.backend.find("endpoint", self.given()["endpointName"]).shape())

    def delete_endpoint_access(self) -> ActionResult:
        endpoint = self._idle("endpoint", self.given()["endpointName"])
        endpoint.begin("DELETING")
        return self.answer(endpoint=endpoint.shape())

    def list_snapshots(self) -> ActionResult:
        """There are none: only the administrator's console or a final snapshot makes one."""
        self.given()
        return self.answer(snapshots=[])

    # Credentials

    def get_credentials(self) -> ActionResult:
        """The user is that of the identity: nobody chooses one, as for a cluster."""
        given = self.given()
        self.backend.find("workgroup", given.get("workgroupName", ""))
        seconds = given.get("durationSeconds", 900)
        if not 900 <= seconds <= 3600:
            raise refused("Validation", "durationSeconds is between 900 and 3600.")
        issued = credentials.issue(self._identity(), seconds)
        return self.answer(**{key[0].lower() + key[1:]: value for key, value in issued.items()})

    def _identity(self) -> str:
        key = self.get_access_key()
        if role := sts_backends[self.current_account]["aws"].get_assumed_role_from_access_key(key):
            return f"IAMR:{role.role_arn.rpartition('/')[2]}"
        user = iam_backends[self.current_account]["aws"].get_user_from_access_key_id(key)
        return f"IAM:{user.name}" if user else "IAMR:emulator"

    # Usage limits

    def create_usage_limit(self) -> ActionResult:
        given = {"period": "monthly", "breachAction": "log", **self.given()}
        self.backend.by_arn(given["resourceArn"])
        same = ("resourceArn", "usageType", "period")
        if any(
            all(limit.fields[k] == given[k] for k in same)
            for limit in self.backend.things["usagelimit"].values()
        ):
            raise refused("Conflict", "There is such a usage limit already.")
        limit = self.backend.add("usagelimit", "", given, [])
        return self.answer(usageLimit=limit.shape())

    def get_usage_limit(self) -> ActionResult:
        return self.answer(usageLimit=self.backend.find("usagelimit", self.given()["usageLimitId"]).shape())

    def list_usage_limits(self) -> ActionResult:
        of = self.given().get("resourceArn")
        limits = [thing.shape() for thing in self.backend.things["usagelimit"].values()]
        return self.answer(usageLimits=[limit for limit in limits if of in (None, limit["resourceArn"])])

    def update_usage_limit(self) -> ActionResult:
        given = self.given()
        limit = self.backend.find("usagelimit", given.pop("usageLimitId"))
        limit.fields |= given
        return self.answer(usageLimit=limit.shape())

    def delete_usage_limit(self) -> ActionResult:
        limit = self.backend.find("usagelimit", key := self.given()["usageLimitId"])
        del self.backend.things["usagelimit"][key]
        return self.answer(usageLimit=limit.shape())

    # Tags

    def list_tags_for_resource(self) -> ActionResult:
        tags = self.backend.by_arn(self.given()["resourceArn"]).tags
        return self.answer(tags=[{"key": key, "value": value} for key, value in tags.items()])

    def tag_resource(self) -> ActionResult:
        given = self.given()
        self.backend.by_arn(given["resourceArn"]).tags |= {tag["key"]: tag["value"] for tag in given["tags"]}
        return self.answer()

    def untag_resource(self) -> ActionResult:
        given = self.given()
        tags = self.backend.by_arn(given["resourceArn"]).tags
        for key in given["tagKeys"]:
            tags.pop(key, None)
        return self.answer()


def _access(given: dict[str, Any]) -> dict[str, Any]:
    groups = given.pop("vpcSecurityGroupIds", [])
    return {
        **given,
        "vpcSecurityGroups": [{"vpcSecurityGroupId": group, "status": "active"} for group in groups],
    }


def _in_sync(roles: list[str]) -> list[str]:
    """The roles in the words of GetNamespace, which the provider takes apart again."""
    return [f"IamRole(applyStatus=in-sync, iamRoleArn={role})" for role in roles]


def _parameters(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"parameterKey": key, "parameterValue": value} for key, value in values.items()]


def _check_capacity(fields: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-capacity.html"""
    base = fields["baseCapacity"]
    if (
        base != 4
        and not (8 <= base <= 512 and base % 8 == 0)
        and not (512 <= base <= 1024 and base % 32 == 0)
    ):
        raise refused("Validation", f"The base capacity {base} is not one of those that there are.")
    if fields.get("maxCapacity", base) < base:
        raise refused("Validation", "The maximum capacity is smaller than the base capacity.")


url_bases = [r"https?://redshift-serverless\.(.+)\.amazonaws\.com"]
url_paths = {"{0}/$": Response.dispatch}


def install() -> None:
    """Gives moto this service; call it before the server starts."""
    name = SERVICE.replace("-", "")
    module = ModuleType(f"moto.{name}")
    setattr(module, f"{name}_backends", backends)
    sys.modules[module.__name__] = module
    backend_index.backend_url_patterns.append((name, re.compile(url_bases[0])))
