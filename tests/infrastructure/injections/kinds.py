"""What a kind of change by hand is, and whether it was seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.infrastructure.injections.account import Account


@dataclass(frozen=True)
class Injection:
    """`says` is in what is found, `exposes` is whether that is an exposure, `heals` whether an apply takes it away."""

    kind: str
    inject: Callable[[Account], Any]
    says: str
    exposes: bool = True
    heals: bool = True

    def __str__(self) -> str:
        return self.kind


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def let_in(group: str, **rule: Any) -> Callable[[Account], Any]:
    return lambda on: on.client("ec2").authorize_security_group_ingress(
        GroupId=on.group(group.format(on.name)), IpPermissions=[_rule(**rule)]
    )


def let_out(group: str, **rule: Any) -> Callable[[Account], Any]:
    return lambda on: on.client("ec2").authorize_security_group_egress(
        GroupId=on.group(group.format(on.name)), IpPermissions=[_rule(**rule)]
    )


def _rule(port: int = -1, **peers: Any) -> dict[str, Any]:
    ports = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} if port >= 0 else {"IpProtocol": "-1"}
    return {**ports, **peers}


EVERYBODY = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
EVERYBODY_BY_6 = {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def seen(injection: Injection, found: dict[str, Any]) -> bool:
    """Whether the metadata of a look for drift tell of an injection, an exposure as such."""
    findings = [(f["level"], f"{f['what']} ({f['where']})") for f in found["findings"]]
    if injection.exposes or not injection.heals:
        level = "exposed" if injection.exposes else "differs"
        return any(of == level and injection.says in what for of, what in findings)
    return any(injection.says in found.get(f"{stack}_changes", "") for stack in ("foundation", "warehouse"))
