"""What a plan says of what is open now."""

from __future__ import annotations

from typing import Any

import pytest

from sparkify_assets.infra.exposures import exposures


def told(
    kind: str, before: Any, after: Any, *others: dict[str, Any], known: bool = True, **change: Any
) -> list[str]:
    """What is found exposed in a plan that makes `after` of `before`."""
    actions = ["update"] if before is not None else ["create"]
    resource = _resource(kind, {"actions": actions, "before": before, "after": after, **change})
    found = exposures({"resource_changes": [resource, *others]}, ["a.b"] if known else [], "apply")
    assert all((f.level, f.where, f.remedy) == ("exposed", "a.b", "apply") for f in found)
    return [finding.what for finding in found]


def _resource(kind: str, change: dict[str, Any]) -> dict[str, Any]:
    return {"mode": "managed", "address": "a.b", "type": kind, "change": change}


@pytest.mark.parametrize(
    ("kind", "before", "after", "says"),
    [
        ("aws_subnet", {"map_public_ip_on_launch": True}, {"map_public_ip_on_launch": False}, "public address"),
        ("aws_redshift_cluster", {"iam_roles": ["a", "b"]}, {"iam_roles": ["a"]}, "act as role b"),
        ("aws_redshift_cluster", {"default_iam_role_arn": "b"}, {"default_iam_role_arn": "a"}, "as role b by default"),
        ("aws_iam_role", {"permissions_boundary": None}, {"permissions_boundary": "p"}, "p does not bound"),
        ("aws_redshift_parameter_group", {"parameter": []},
         {"parameter": [{"name": "require_ssl", "value": "true"}]}, "without TLS"),
        ("aws_vpc_security_group_egress_rule", {"cidr_ipv4": "0.0.0.0/0"}, {"cidr_ipv4": None}, "for 0.0.0.0/0"),
        ("aws_s3_bucket_ownership_controls", {"rule": [{"object_ownership": "ObjectWriter"}]},
         {"rule": [{"object_ownership": "BucketOwnerEnforced"}]}, "ACLs count"),
    ],
)  # fmt: skip
def test_what_is_open_and_is_not_declared(kind: str, before: Any, after: Any, says: str) -> None:
    [what] = told(kind, before, after)
    assert says in what


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("aws_redshift_cluster", {"publicly_accessible": False}, {"publicly_accessible": True}),  # to be opened
        ("aws_redshift_cluster", {"number_of_nodes": 1, "iam_roles": []}, {"number_of_nodes": 2, "iam_roles": ["a"]}),
        ("aws_redshift_parameter_group", {"parameter": [{"name": "timeout", "value": "1"}]}, {"parameter": []}),
        ("aws_s3_bucket_lifecycle_configuration", {"rule": [{"id": "a"}, {"id": "b"}]}, {"rule": [{"id": "a"}]}),
        ("aws_security_group", {"ingress": []},
         {"ingress": [{"protocol": "tcp", "from_port": 1, "to_port": 1, "cidr_blocks": ["10.0.0.0/8"]}]}),
    ],
)  # fmt: skip
def test_what_closes_nothing_is_no_exposure(kind: str, before: Any, after: Any) -> None:
    assert told(kind, before, after) == []


def test_what_is_not_known_before_the_apply_is_not_judged() -> None:
    before, after = {"security_groups": ["sg-1"]}, {"security_groups": []}
    assert told("aws_lb", before, after, after_unknown={"security_groups": [True]}) == []
    assert told("aws_lb", before, after) != []


def test_only_what_was_there_can_have_been_removed() -> None:
    block = {"block_public_policy": True}
    [what] = told("aws_s3_bucket_public_access_block", None, block)
    assert "made public by a policy" in what
    assert told("aws_s3_bucket_public_access_block", None, block, known=False) == []  # not applied yet
    bucket = _resource("aws_s3_bucket", {"actions": ["create"], "before": None, "after": {}})
    assert (
        told("aws_s3_bucket_public_access_block", None, block, bucket) == []
    )  # nothing is left to be public
    assert told("aws_iam_role_policy", None, {"policy": "{}"}) == []
