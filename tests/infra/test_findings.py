"""What is said of findings: the first line, the order, the commands."""

from __future__ import annotations

import pytest

from sparkify_assets.infra.findings import Finding, as_json, command, in_order, markdown, verdict

STRANGER = Finding("exposed", "snapshot s", "account 999988887777 may restore it", "aws …")
WORLD = Finding("exposed", "group g", "the whole internet (0.0.0.0/0) can reach tcp port 5439", "apply")
ODD = Finding("differs", "vpc-1", "10.98.0.0/16 is part of it", "aws …")
UNSEEN = Finding("unseen", "VPC peering", "DescribeVpcPeeringConnections was refused", "allow it")


def test_what_everybody_reaches_comes_first_and_what_is_unknown_before_what_is_odd() -> None:
    assert in_order([ODD, UNSEEN, STRANGER, WORLD]) == [WORLD, STRANGER, UNSEEN, ODD]


@pytest.mark.parametrize(
    ("findings", "changes", "told"),
    [
        ([], 0, "AWS matches the configuration."),
        ([WORLD], 3, "EXPOSED: 1 exposure that nobody declared:"
         " the whole internet (0.0.0.0/0) can reach tcp port 5439 (group g)"),
        ([STRANGER] * 5, 0, "EXPOSED: 5 exposures that nobody declared: "
         + "; ".join(["account 999988887777 may restore it (snapshot s)"] * 3) + "; and 2 more"),
        ([ODD], 2, "Differs from the configuration, and exposes nothing: 2 to apply, 1 beside the configuration"),
        ([UNSEEN], 1, "Differs from the configuration, and exposes nothing: 1 to apply;"
         " not seen: DescribeVpcPeeringConnections was refused (VPC peering)"),
        ([UNSEEN], 0, "No difference in what could be seen."
         " Not seen: DescribeVpcPeeringConnections was refused (VPC peering)"),
    ],
)  # fmt: skip
def test_the_first_line(findings: list[Finding], changes: int, told: str) -> None:
    assert verdict(findings, changes) == told


def test_a_command_is_one_for_a_shell() -> None:
    operation = "s3api put-bucket-notification-configuration"
    made = command(operation, "us-west-2", bucket="b", notification_configuration={})
    assert made == f"aws {operation} --region us-west-2 --bucket b --notification-configuration '{{}}'"


def test_findings_are_a_table_and_json() -> None:
    assert markdown([ODD]).splitlines()[-1] == "| differs | vpc-1 | 10.98.0.0/16 is part of it | `aws …` |"
    assert as_json([ODD]) == [
        {"level": "differs", "where": "vpc-1", "what": "10.98.0.0/16 is part of it", "remedy": "aws …"}
    ]
