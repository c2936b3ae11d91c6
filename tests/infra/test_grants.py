"""Rules and policies in words, and what one lets through that another does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sparkify_assets.infra.grants import Rule, allowed, exceeding, let_in, rules


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **s} for s in statements]})


READ = {"Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}
TLS = {
    "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("is_so", "should_be", "told"),
    [
        ([READ], [READ], []),
        ([{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}], [READ], []),  # written otherwise
        ([READ], [{**READ, "Action": ["s3:GetObject", "s3:ListBucket"]}], []),  # less than declared
        ([{**READ, "Condition": {"X": {"y": "z"}}}], [READ], []),  # narrower than declared
        ([READ], [{**READ, "Condition": {"X": {"y": "z"}}}], ["whoever holds it may s3:GetObject on arn:aws:s3:::b/*"]),
        ([READ, {**READ, "Action": "s3:*"}], [READ], ["whoever holds it may s3:* on arn:aws:s3:::b/*"]),
        ([{**READ, "NotAction": "s3:PutObject", "Action": "s3:GetObject"}], [READ],
         ["whoever holds it may everything but s3:PutObject on arn:aws:s3:::b/*"]),
        ([], [TLS], ["what comes without TLS is not refused"]),
        ([], [{"Effect": "Deny", "Principal": {"AWS": "123456789012"}, "Action": "a:B", "Resource": "*"}],
         ["not refused: account 123456789012 to a:B on *"]),
    ],
)  # fmt: skip
def test_what_a_policy_allows_beyond_another(is_so: list[Any], should_be: list[Any], told: list[str]) -> None:
    assert exceeding(document(*is_so), document(*should_be)) == told


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ("*", "everybody"),
        ({"AWS": "*"}, "everybody"),
        ({"AWS": "arn:aws:iam::999988887777:root"}, "account 999988887777"),
        ({"AWS": "arn:aws:iam::999988887777:role/r"}, "arn:aws:iam::999988887777:role/r"),
        ({"Service": "ec2.amazonaws.com"}, "service ec2.amazonaws.com"),
    ],
)
def test_who_is_let_in(principal: Any, who: str) -> None:
    assert allowed(document({"Principal": principal, "Action": "kms:Decrypt", "Resource": "*"})) == [
        f"{who} may kms:Decrypt on *"
    ]


def test_everybody_but_somebody_is_everybody_else() -> None:
    policy = document({"NotPrincipal": {"AWS": "123456789012"}, "Action": "a:B", "Resource": "*"})
    assert allowed(policy) == ["everybody but account 123456789012 may a:B on *"]


def test_nothing_is_allowed_by_what_is_no_policy() -> None:
    assert allowed(None) == allowed("") == allowed("no JSON") == []


def test_each_peer_of_a_rule_is_a_rule() -> None:
    written = {"protocol": "tcp", "from_port": 5439, "to_port": 5440, "self": True}
    found = rules([{**written, "cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"], "security_groups": ["sg-1"]}])
    assert sorted(map(let_in, found)) == [
        "10.0.0.0/8 can reach tcp port 5439 to 5440",
        "its own members can reach tcp port 5439 to 5440",
        "the members of group sg-1 can reach tcp port 5439 to 5440",
        "the whole internet (0.0.0.0/0) can reach tcp port 5439 to 5440",
    ]
    assert let_in(Rule("pl-1", "-1", 0, 0)) == "the addresses of prefix list pl-1 can reach every port"
