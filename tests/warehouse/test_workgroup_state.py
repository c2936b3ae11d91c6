"""What GetWorkgroup's answers mean; the API's own client, its answers stubbed."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sparkify_assets.warehouse import workgroup_state
from sparkify_assets.warehouse.errors import ClusterError
from sparkify_assets.warehouse.service import Capacity


def found(*answers: dict[str, Any]) -> tuple[workgroup_state.Workgroup, Any]:
    """The workgroup of the first answer, and a client that gives the others."""
    api = boto3.client("redshift-serverless", "us-west-2", aws_access_key_id="x", aws_secret_access_key="x")
    stubber = Stubber(api)
    for answer in answers:
        stubber.add_response(
            "get_workgroup", {"workgroup": {"workgroupName": "here", "namespaceName": "here", **answer}}
        )
    stubber.activate()
    workgroup = workgroup_state.find_workgroup("here", None, api)
    assert workgroup
    return workgroup, api


@pytest.mark.parametrize(
    ("answer", "rpus"),
    [
        ({"baseCapacity": 8, "maxCapacity": 32}, 8),
        ({"maxCapacity": 32, "pricePerformanceTarget": {"status": "ENABLED", "level": 50}}, 32),
    ],
)
def test_what_is_paid_for_is_the_base_or_the_most_that_redshift_may_choose(
    answer: dict[str, Any], rpus: int
) -> None:
    workgroup, _ = found({"status": "AVAILABLE", **answer})
    assert workgroup.capacity == Capacity("RPU", rpus)


def test_a_workgroup_that_is_made_has_an_endpoint_when_it_is_available(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workgroup_state, "POLL_SECONDS", 0)
    endpoint = {"address": "here.example", "port": 5439}
    begun, api = found(
        {"status": "CREATING"}, {"status": "MODIFYING"}, {"status": "AVAILABLE", "endpoint": endpoint}
    )
    assert (begun.host, begun.port) == ("", 0)
    ready = begun.wait_until_available(lambda _: None, api)
    assert (ready.host, ready.port) == ("here.example", 5439)


def test_a_workgroup_that_ends_is_not_waited_for() -> None:
    begun, api = found({"status": "DELETING"})
    with pytest.raises(ClusterError, match="workgroup here is being deleted"):
        begun.wait_until_available(lambda _: None, api)


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workgroup_state, "AVAILABLE_SECONDS", -1.0)
    begun, api = found({"status": "CREATING"})
    with pytest.raises(ClusterError, match="still CREATING"):
        begun.wait_until_available(lambda _: None, api)


def test_a_protection_that_is_switched_off_is_named_with_what_switches_it_on() -> None:
    parameters = [
        {"parameterKey": "require_ssl", "parameterValue": "false"},
        {"parameterKey": "enable_user_activity_logging", "parameterValue": "true"},
        {"parameterKey": "enable_large_strings_opt_in", "parameterValue": "false"},
    ]
    workgroup, _ = found({"status": "AVAILABLE", "configParameters": parameters})
    assert workgroup.weakened == (
        "require_ssl is false, so connections without TLS are taken: aws redshift-serverless update-workgroup"
        " --workgroup-name here --config-parameters parameterKey=require_ssl,parameterValue=true",
    )
