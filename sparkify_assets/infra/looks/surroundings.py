"""What a look needs: what is declared, and clients of AWS.

Belongs here: the clients, and the account that the declared resources are in. Does not: what is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3

from sparkify_assets.infra.declared import Declared
from sparkify_assets.infra.findings import Finding, Level, command


@dataclass(frozen=True)
class Surroundings:
    """What the stacks of an environment declare, and the region in which they do."""

    declared: Declared
    region: str
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of the service, with the credentials of boto3's default chain."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=self.region)  # type: ignore[call-overload]
        return self._clients[service]

    @cached_property
    def account(self) -> str:
        """The account that the declared resources are in, from the ARN of one of them; empty if none has one."""
        arns = (str(resource.values.get("arn", "")) for resource in self.declared.resources)
        return next(
            (arn.split(":")[4] for arn in arns if re.match(r"arn:[^:]+:[^:]+:[^:]*:\d{12}:", arn)), ""
        )

    def of(self, account: str) -> str:
        """An account in words, ours as such."""
        return "this account" if account == self.account else f"account {account}"

    def finding(self, level: Level, where: str, what: str, operation: str, **parameters: Any) -> Finding:
        """A finding that this AWS CLI operation takes away."""
        return Finding(level, where, what, command(operation, self.region, **parameters))
