"""The emulator's redshift-serverless: statuses that pass, errors and identities as AWS documents them.

That every request and every answer fits botocore's model of the service, the emulator itself sees to.
"""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.infrastructure.emulator import serverless
from tests.infrastructure.emulator.serverless_things import DEFAULT_PARAMETERS
from tests.infrastructure.harness import REGION, Emulator

ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.fixture
def api(running_emulator: Emulator) -> Any:
    """A client of an account that holds one namespace."""
    running_emulator.forget_everything()
    client = running_emulator.client("redshift-serverless")
    client.create_namespace(
        namespaceName="here", dbName="sparkify", adminUsername="boss", manageAdminPassword=True,
        iamRoles=[ROLE], defaultIamRoleArn=ROLE, tags=[{"key": "Project", "value": "sparkify"}],
    )  # fmt: skip
    return client


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**given)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def available(api: Any, **given: Any) -> dict[str, Any]:
    """A new workgroup, once it is available."""
    api.create_workgroup(workgroupName="here", namespaceName="here", **given)
    while (found := api.get_workgroup(workgroupName="here")["workgroup"])["status"] != "AVAILABLE":
        assert found["status"] == "CREATING"
    return dict(found)


def test_a_workgroup_is_made_and_ends_in_its_own_time(api: Any) -> None:
    made = api.create_workgroup(workgroupName="here", namespaceName="here", baseCapacity=8)["workgroup"]
    assert made["status"] == "CREATING"
    assert "endpoint" not in made
    code, told = refusal(api.delete_workgroup, workgroupName="here")
    assert (code, "operation running" in told) == ("ConflictException", True)
    seen = [api.get_workgroup(workgroupName="here")["workgroup"]["status"] for _ in range(4)]
    assert (seen[0], seen[-1]) == ("CREATING", "AVAILABLE")
    found = api.get_workgroup(workgroupName="here")["workgroup"]
    assert found["endpoint"]["address"] == f"here.123456789012.{REGION}.redshift-serverless.amazonaws.com"
    assert api.update_workgroup(workgroupName="here", baseCapacity=16)["workgroup"]["status"] == "MODIFYING"
    while api.get_workgroup(workgroupName="here")["workgroup"]["status"] != "AVAILABLE":
        pass
    assert api.delete_workgroup(workgroupName="here")["workgroup"]["status"] == "DELETING"
    assert refusal(api.delete_namespace, namespaceName="here")[0] == "ConflictException"
    while api.list_workgroups()["workgroups"][0]["status"] == "DELETING":
        pass
    assert refusal(api.get_workgroup, workgroupName="here")[0] == "ResourceNotFoundException"


def test_every_parameter_comes_back_and_a_change_that_is_none_is_refused(api: Any) -> None:
    found = available(api, configParameters=[{"parameterKey": "auto_mv", "parameterValue": "false"}])
    values = {p["parameterKey"]: p["parameterValue"] for p in found["configParameters"]}
    assert values == {**DEFAULT_PARAMETERS, "auto_mv": "false"}
    same = [{"parameterKey": "require_ssl", "parameterValue": "true"}]
    code, told = refusal(api.update_workgroup, workgroupName="here", configParameters=same)
    assert code == "ValidationException"
    assert "any changes" in told


@pytest.mark.parametrize(
    ("call", "given", "code"),
    [
        ("create_namespace", {"namespaceName": "here"}, "ConflictException"),
        ("create_workgroup", {"workgroupName": "other", "namespaceName": "gone"}, "ResourceNotFoundException"),
        (
            "create_workgroup",
            {"workgroupName": "other", "namespaceName": "here", "baseCapacity": 12},
            "ValidationException",
        ),
        (
            "create_workgroup",
            {"workgroupName": "other", "namespaceName": "here", "baseCapacity": 16, "maxCapacity": 8},
            "ValidationException",
        ),
        (
            "create_workgroup",
            {
                "workgroupName": "other",
                "namespaceName": "here",
                "configParameters": [{"parameterKey": "require_ssl", "parameterValue": "false"}],
            },
            "ValidationException",
        ),
        ("get_credentials", {"workgroupName": "gone"}, "ResourceNotFoundException"),
        (
            "create_usage_limit",
            {"resourceArn": "arn:aws:x", "usageType": "serverless-compute", "amount": 1},
            "ResourceNotFoundException",
        ),
    ],
)  # fmt: skip
def test_refusals(api: Any, call: str, given: dict[str, Any], code: str) -> None:
    assert refusal(getattr(api, call), **given)[0] == code


def test_the_database_user_is_that_of_the_identity(running_emulator: Emulator, api: Any) -> None:
    """Nobody chooses a user: https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html."""
    available(api)
    assert refusal(api.get_credentials, workgroupName="here", durationSeconds=60)[0] == "ValidationException"
    arn = running_emulator.client("iam").create_role(RoleName="loader", AssumeRolePolicyDocument="{}")[
        "Role"
    ]["Arn"]
    keys = running_emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="a-laptop")["Credentials"]
    as_role = boto3.client(
        "redshift-serverless", region_name=REGION, endpoint_url=running_emulator.url,
        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )  # fmt: skip
    assert as_role.get_credentials(workgroupName="here")["dbUser"] == "IAMR:loader"
    assert api.get_credentials(workgroupName="here")["dbUser"] == "IAMR:emulator"


def test_a_limit_stands_once_and_goes_with_its_workgroup(api: Any) -> None:
    limit = {
        "resourceArn": available(api)["workgroupArn"],
        "usageType": "serverless-compute",
        "period": "daily",
    }
    made = api.create_usage_limit(**limit, amount=8, breachAction="deactivate")["usageLimit"]
    assert refusal(api.create_usage_limit, **limit, amount=9)[0] == "ConflictException"
    assert api.get_usage_limit(usageLimitId=made["usageLimitId"])["usageLimit"] == made
    api.delete_workgroup(workgroupName="here")
    assert "usageLimits" not in api.list_usage_limits()


def test_roles_secret_and_tags(running_emulator: Emulator, api: Any) -> None:
    namespace = api.get_namespace(namespaceName="here")["namespace"]
    assert namespace["iamRoles"] == [f"IamRole(applyStatus=in-sync, iamRoleArn={ROLE})"]
    secret = running_emulator.client("secretsmanager").describe_secret(
        SecretId=namespace["adminPasswordSecretArn"]
    )
    assert secret["Name"] == "redshift!here-boss"
    tags = api.list_tags_for_resource(resourceArn=namespace["namespaceArn"])["tags"]
    assert tags == [{"key": "Project", "value": "sparkify"}]
    tagging = running_emulator.client("resourcegroupstaggingapi")
    found = tagging.get_resources(TagFilters=[{"Key": "Project", "Values": ["sparkify"]}])
    assert [r["ResourceARN"] for r in found["ResourceTagMappingList"]] == [namespace["namespaceArn"]]


def test_what_the_service_does_not_know_is_refused(api: Any) -> None:
    """The emulator's own check, which Terraform's requests go through."""
    shape = serverless._MODEL.operation_model("GetWorkgroup").input_shape
    with pytest.raises(Exception, match="unknown: workgroup"):
        serverless._check({"workgroupName": "here", "workgroup": "x"}, shape, "Request")
    with pytest.raises(Exception, match="Missing required parameter"):
        serverless._check({}, shape, "Request")
