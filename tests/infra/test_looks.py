"""What becomes of a look that AWS refuses, or of a thing that is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sparkify_assets.infra import looks
from sparkify_assets.infra.declared import Declared, Resource, read_state
from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.looks.key import grants
from sparkify_assets.infra.looks.surroundings import Surroundings

FOUND = Finding("exposed", "there", "somebody gets in", "aws …")
VPC = Declared(
    (Resource("aws_vpc.this", "aws_vpc", {"id": "vpc-1", "arn": "arn:aws:ec2:r:123456789012:vpc/vpc-1"}),)
)


def refusing(error: Exception) -> Any:
    def look(_: Surroundings) -> Iterator[Finding]:
        yield FOUND
        raise error

    return look


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "not authorized to perform: ec2:X"}}, "X")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            refused("UnauthorizedOperation"),
            ["X was refused: UnauthorizedOperation: not authorized to perform: ec2:X"],
        ),
        (refused("AccessDenied"), ["X was refused: AccessDenied: not authorized to perform: ec2:X"]),
        (
            EndpointConnectionError(endpoint_url="https://x"),
            ['Could not connect to the endpoint URL: "https://x"'],
        ),
        (refused("ClusterNotFound"), []),  # the plan tells
    ],
)
def test_a_look_that_is_refused_is_named_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: list[str]
) -> None:
    first = looks.Look("first", "aws_vpc", refusing(error))
    second = looks.Look("second", "aws_vpc", lambda _: iter([FOUND]))
    absent = looks.Look("absent", "aws_kms_key", refusing(refused("AccessDenied")))
    monkeypatch.setattr(looks, "LOOKS", (first, second, absent))
    found = looks.undeclared(VPC, "us-west-2")
    assert [finding for finding in found if finding.level == "exposed"] == [FOUND, FOUND]
    unseen = [finding for finding in found if finding.level == "unseen"]
    assert [(finding.where, finding.what) for finding in unseen] == [("first", what) for what in told]


def test_nothing_is_asked_where_nothing_is_declared() -> None:
    assert looks.undeclared(Declared(()), "us-west-2") == []


def test_an_account_is_in_words() -> None:
    look = Surroundings(VPC, "us-west-2")
    assert look.of("123456789012") == "this account"
    assert look.of("999988887777") == "account 999988887777"


def test_a_state_is_read_through_all_its_modules() -> None:
    data = {"mode": "data", "address": "data.aws_vpc.x", "type": "aws_vpc", "values": {}}
    vpc = {"mode": "managed", "address": "module.a.aws_vpc.x", "type": "aws_vpc", "values": {"id": "vpc-1"}}
    inner = {"resources": [vpc], "child_modules": [{"resources": []}]}
    declared = read_state(
        json.dumps({"values": {"root_module": {"resources": [data], "child_modules": [inner]}}})
    )
    assert declared.addresses == {"module.a.aws_vpc.x"}
    assert declared.every("id", "aws_vpc") == ["vpc-1"]
    assert read_state('{"format_version": "1.0"}') == Declared(())


@pytest.mark.parametrize(
    ("grantee", "found"),
    [
        ("redshift.us-west-2.amazonaws.com", 0),
        ("arn:aws:sts::123456789012:assumed-role/aws:ec2-infrastructure/i-0", 0),
        (
            "arn:aws:iam::123456789012:role/aws-service-role/redshift.amazonaws.com/AWSServiceRoleForRedshift",
            0,
        ),
        ("arn:aws:iam::123456789012:role/somebody", 1),
        ("arn:aws:iam::999988887777:root", 1),
    ],
)
def test_grants_that_services_made_are_none_of_ours(grantee: str, found: int) -> None:
    """The forms of https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html."""

    class Pages:
        def paginate(self, **_: str) -> Pages:
            return self

        def search(self, _: str) -> list[dict[str, Any]]:
            return [{"GrantId": "g", "GranteePrincipal": grantee, "Operations": ["Decrypt"]}]

    class Client:
        def get_paginator(self, _: str) -> Pages:
            return Pages()

    key = Declared((Resource("aws_kms_key.this", "aws_kms_key", {"key_id": "k"}),))
    look = Surroundings(key, "us-west-2", {"kms": Client()})
    assert len(list(grants(look))) == found
