"""What security groups and policies let through, in words, and what one lets through that another does not.

Pure functions. The elements of a policy:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html

Belongs here: rules and statements. Does not: where they come from (`exposures`, `looks`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

#: How many actions or resources of a statement are named; the rest are counted.
NAMED_AT_MOST = 3

# ---------------------------------------------------------------- rules of security groups


class Rule(NamedTuple):
    """A rule of a security group for one peer: a range, a group, a prefix list or `self`."""

    peer: str
    protocol: str
    first: int
    last: int

    @property
    def ports(self) -> str:
        """For instance `tcp port 5439`."""
        if self.protocol == "-1":
            return "every port"
        if self.protocol not in ("tcp", "udp"):
            return f"protocol {self.protocol}"
        return f"{self.protocol} port {self.first}" + ("" if self.first == self.last else f" to {self.last}")

    @property
    def others(self) -> str:
        """The peer in words."""
        if self.peer in ("0.0.0.0/0", "::/0"):
            return f"the whole internet ({self.peer})"
        if self.peer.startswith("pl-"):
            return f"the addresses of prefix list {self.peer}"
        return f"the members of group {self.peer}" if self.peer.startswith("sg-") else self.peer


def rules(written: Iterable[dict[str, Any]]) -> set[Rule]:
    """The rules in the attribute `ingress` or `egress` of a group, one for each peer."""
    return {
        Rule(peer, str(rule["protocol"]), rule["from_port"], rule["to_port"])
        for rule in written
        for peer in _peers(rule)
    }


def _peers(rule: dict[str, Any]) -> Iterator[str]:
    for name in ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"):
        yield from rule.get(name) or []
    if rule.get("self"):
        yield "its own members"


def let_in(rule: Rule) -> str:
    """What an ingress rule does."""
    return f"{rule.others} can reach {rule.ports}"


def let_out(rule: Rule) -> str:
    """What an egress rule does."""
    return f"what carries the group can send to {rule.others}, {rule.ports}"


# ---------------------------------------------------------------- policies


class Grant(NamedTuple):
    """One principal, action and resource of a statement. Of an identity's policy, the principal is empty."""

    effect: str
    principal: str
    action: str
    resource: str
    condition: str


def grants(policy: str | None) -> set[Grant]:
    """A policy document in its smallest parts; none of what is no policy."""
    try:
        document = json.loads(policy or "{}")
    except json.JSONDecodeError:
        return set()
    return {grant for statement in _each(document.get("Statement", [])) for grant in _parts(statement)}


def exceeding(is_so: str | None, should_be: str | None) -> list[str]:
    """What a policy allows that another does not, and what the other refuses and this one does not, in words."""
    now, wanted = grants(is_so), grants(should_be)
    unconditional = {grant._replace(condition="") for grant in wanted if not grant.condition}
    more = {g for g in now - wanted if g.effect == "Allow" and g._replace(condition="") not in unconditional}
    lost = {grant for grant in wanted - now if grant.effect == "Deny"}
    return [*_in_words(more, "may"), *_refusals(lost)]


def allowed(policy: str | None) -> list[str]:
    """All that a policy allows, in words."""
    return exceeding(policy, None)


def _parts(statement: dict[str, Any]) -> Iterator[Grant]:
    condition = json.dumps(statement.get("Condition", {}), sort_keys=True) if "Condition" in statement else ""
    for principal in _principals(statement):
        for action in _words(statement, "Action"):
            for resource in _words(statement, "Resource"):
                yield Grant(statement.get("Effect", ""), principal, action, resource, condition)


def _principals(statement: dict[str, Any]) -> list[str]:
    but = "everybody but " if "NotPrincipal" in statement else ""
    named = statement.get("Principal", statement.get("NotPrincipal", ""))
    if isinstance(named, dict):
        return [but + _who(kind, value) for kind, values in named.items() for value in _each(values)]
    return [but + _who("AWS", named) if named else ""]


def _who(kind: str, value: str) -> str:
    if value == "*":
        return "everybody"
    if kind == "Service":
        return f"service {value}"
    account = re.fullmatch(r"arn:[^:]+:iam::(\d{12}):root|(\d{12})", value)
    return f"account {account[1] or account[2]}" if account else value


def _words(statement: dict[str, Any], element: str) -> list[str]:
    if f"Not{element}" in statement:
        return [f"everything but {', '.join(sorted(_each(statement[f'Not{element}'])))}"]
    return _each(statement.get(element, ""))


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _in_words(found: Iterable[Grant], verb: str) -> list[str]:
    together: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for grant in found:
        actions, resources = together.setdefault((grant.principal, grant.condition), (set(), set()))
        actions.add(grant.action)
        resources.add(grant.resource)
    return [
        " ".join(
            part
            for part in (
                who or "whoever holds it",
                f"{verb} {_some(actions)}",
                f"on {_some(on)}" if on - {""} else "",
                f"if {condition}" if condition else "",
            )
            if part
        )
        for (who, condition), (actions, on) in sorted(together.items())
    ]


def _refusals(lost: Iterable[Grant]) -> list[str]:
    if not (lost := set(lost)):
        return []
    plain = {grant for grant in lost if "aws:SecureTransport" in grant.condition}
    told = ["what comes without TLS is not refused"] if plain else []
    return told + [f"not refused: {line}" for line in _in_words(lost - plain, "to")]


def _some(values: Iterable[str]) -> str:
    named = sorted(values)
    more = f" and {len(named) - NAMED_AT_MOST} more" if len(named) > NAMED_AT_MOST else ""
    return ", ".join(named[:NAMED_AT_MOST]) + more
