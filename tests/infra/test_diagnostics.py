"""What a person is told when Terraform or AWS refuses, and whether it can be tried again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.diagnostics import advise
from sparkify_assets.infra.terraform import TerraformError
from tests.infrastructure.harness import TINY_CLUSTER, Checkout, Emulator, stack


@pytest.fixture(scope="module")
def tiny_cluster(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.tiny(tmp_path_factory.mktemp("aws"), warehouse=TINY_CLUSTER)


def test_expired_credentials_are_told_as_such(tiny_cluster: Checkout, emulator: Emulator) -> None:
    expired = ("ExpiredToken", "The security token included is expired")
    with (
        stack(tiny_cluster) as chosen,
        emulator.failing(sts_GetCallerIdentity=expired),
        pytest.raises(TerraformError) as failed,
    ):
        chosen.plan()
    assert failed.value.kind == "expired"
    assert "credentials have expired" in str(failed.value)


def test_what_aws_refuses_is_told_as_such_and_can_be_applied_again(
    tiny_cluster: Checkout, emulator: Emulator
) -> None:
    quota = ("NumberOfNodesQuotaExceeded", "You have reached your limit of nodes.")
    with stack(tiny_cluster) as chosen:
        chosen.plan()
        with emulator.failing(redshift_CreateCluster=quota), pytest.raises(TerraformError) as failed:
            chosen.apply()
        assert failed.value.kind == "quota"
        assert "You have reached your limit of nodes." in str(failed.value)
        assert failed.value.diagnostics[0].address == "aws_redshift_cluster.this"
        with pytest.raises(InfrastructureError, match="launch the whole job again"):
            chosen.apply()  # a plan is applied once

        assert chosen.plan().summary == "1 to add"


@pytest.mark.soak  # what the text means is tested below
def test_what_exists_is_told_as_such(tiny_cluster: Checkout, emulator: Emulator) -> None:
    with stack(tiny_cluster) as chosen:
        chosen.plan()
        emulator.client("redshift").create_cluster(  # outside of the state
            ClusterIdentifier="tiny", NodeType="ra3.large", MasterUsername="x", MasterUserPassword="Xx123456"
        )
        with pytest.raises(TerraformError) as failed:
            chosen.apply()
        assert failed.value.kind == "exists"
        assert "terraform import" in str(failed.value)


def test_an_invalid_configuration_names_the_place(terraform: str, tmp_path: Path) -> None:
    checkout = Checkout.tiny(tmp_path, warehouse='output "x" {\n  value = var.missing\n}\n')
    with stack(checkout) as chosen, pytest.raises(TerraformError) as failed:
        chosen.validate()
    assert "Reference to undeclared input variable" in str(failed.value)


def test_a_warning_does_not_stand_for_the_error() -> None:
    """https://developer.hashicorp.com/terraform/cli/commands/validate#json-output-format"""
    found = [
        {"severity": "warning", "summary": "Argument is deprecated", "detail": "Use another."},
        {"severity": "error", "summary": "Unsupported argument", "detail": "x is not expected here."},
    ]
    document = json.dumps({"valid": False, "diagnostics": found}, indent=2)
    error = TerraformError("validate", "stack warehouse in dev", 1, document, "")
    assert str(error).endswith("failed (exit 1): Unsupported argument: x is not expected here.")


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            "Invalid value for variable: snapshot_days is between 1 and 35. This was checked by the validation rule at"
            " ../../modules/warehouse/variables.tf:160,3-13. [x]",
            "snapshot_days is between 1 and 35.",
        ),
        (
            "Invalid value for input variable: The given value is not suitable for var.warehouse declared at"
            " variables.tf:50,1-21: a number is required.",
            "The given value is not suitable for var.warehouse declared at variables.tf:50,1-21: a number is required.",
        ),
    ],
)
def test_a_refused_setting_is_told_in_the_words_of_its_rule(said: str, advice: str) -> None:
    assert advise(said) == ("settings", advice)


def test_what_exists_can_be_adopted() -> None:
    """As Redshift says it (https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html)."""
    kind, advice = advise("api error ClusterAlreadyExists: Cluster already exists.")
    assert kind == "exists"
    assert "it exists already, but not in this state (ClusterAlreadyExists)" in advice
    assert "sparkify infra adopt" in advice


@pytest.mark.parametrize(
    "text",
    [
        "api error RequestExpired: Request has expired.",
        "api error SignatureDoesNotMatch: Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z",
        "RequestTimeTooSkewed: The difference between the request time and the current time is too large.",
    ],
)
def test_a_wrong_clock_is_not_taken_for_wrong_credentials(text: str) -> None:
    """https://docs.aws.amazon.com/emr/latest/APIReference/CommonErrors.html and
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    kind, advice = advise(text)
    assert kind == "clock"
    assert "set this machine's clock" in advice
