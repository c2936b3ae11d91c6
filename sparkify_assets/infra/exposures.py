"""What a plan would take away because it opens something: the attributes of a resource that say who gets in.

The table of attributes is by name, not by resource, because the provider names alike what means the same
(https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs). Pure functions.

Belongs here: reading a plan for what is exposed now. Does not: what the plan cannot see (`looks`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.grants import exceeding, let_in, let_out, rules

#: What takes an attribute's value on AWS and in the configuration and says what only the first lets happen.
Reading = Callable[[Any, Any], list[str]]

#: A resource that closes another one: if it is removed, what it closed is open.
_CLOSING = ("aws_s3_bucket_policy", "aws_s3_bucket_public_access_block", "aws_s3_bucket_ownership_controls")


def exposures(document: dict[str, Any], known: Collection[str], remedy: str) -> list[Finding]:
    """What is exposed now and would not be after the plan, a document of `terraform show -json`.

    `known` are the addresses that were there when the stack was last applied, because only those can have been removed.
    """
    changes = [resource for resource in document.get("resource_changes", []) if resource["mode"] == "managed"]
    buckets_missing = any(c["type"] == "aws_s3_bucket" and _is_new(c) for c in changes)
    found = []
    for change in changes:
        removed = _is_new(change) and change["address"] in known
        if _is_new(change) and not (removed and change["type"] in _CLOSING and not buckets_missing):
            continue
        found += [Finding("exposed", change["address"], what, remedy) for what in _readings(change["change"])]
    return found


def _is_new(resource: dict[str, Any]) -> bool:
    return bool(resource["change"]["actions"] == ["create"])


def _readings(change: dict[str, Any]) -> Iterator[str]:
    if change["actions"] in (["no-op"], ["read"], ["delete"], ["forget"]):
        return
    before, after, unknown = (change.get(side) or {} for side in ("before", "after", "after_unknown"))
    for attribute, reading in READINGS.items():
        if attribute in after and not _any(unknown.get(attribute)):
            is_so, should_be = before.get(attribute), after[attribute]
            if is_so != should_be:
                yield from reading(is_so, should_be)


def _any(value: Any) -> bool:
    """Whether any part of a value is not known before the apply."""
    if isinstance(value, dict):
        return any(map(_any, value.values()))
    return any(map(_any, value)) if isinstance(value, list) else bool(value)


def _where_so(value: Any, what: str) -> Reading:
    """Says `what` where the attribute has this value on AWS only."""
    return lambda is_so, should_be: [what] if is_so == value and should_be != value else []


def _unless_so(value: Any, what: str) -> Reading:
    """Says `what` where the attribute should have this value and has another one, or none."""
    return lambda is_so, should_be: [what] if should_be == value and is_so != value else []


def _each_more(what: str) -> Reading:
    """Says `what` of each member that only AWS has."""
    return lambda is_so, should_be: [
        what.format(more) for more in sorted({*(is_so or [])} - {*(should_be or [])})
    ]


def _other(what: str) -> Reading:
    """Says `what` of the value if it is set on AWS, to another one than declared."""
    return lambda is_so, _: [what.format(is_so)] if is_so else []


def _more_in(is_so: Any, should_be: Any) -> list[str]:
    return [let_in(rule) for rule in sorted(rules(is_so or []) - rules(should_be or []))]


def _more_out(is_so: Any, should_be: Any) -> list[str]:
    return [let_out(rule) for rule in sorted(rules(is_so or []) - rules(should_be or []))]


def _parameters(is_so: Any, should_be: Any) -> list[str]:
    """Of the parameters of a cluster, the one without which anybody on the way can read along."""
    now, wanted = ({p["name"]: p["value"] for p in side or []} for side in (is_so, should_be))
    plain = wanted.get("require_ssl") == "true" and now.get("require_ssl") != "true"
    return ["connections without TLS are accepted"] if plain else []


def _ownership(is_so: Any, should_be: Any) -> list[str]:
    """Of the rules of a bucket, the one by which ACLs do not count."""
    now, wanted = ({rule.get("object_ownership") for rule in side or []} for side in (is_so, should_be))
    closed = "BucketOwnerEnforced"
    return (
        ["ACLs count, so that who writes an object may give it to anybody"]
        if closed in wanted and closed not in now
        else []
    )


_CAN_BE_PUBLIC = "nothing keeps the bucket from being made public"

#: By the name of the attribute.
READINGS: dict[str, Reading] = {
    "ingress": _more_in,
    "egress": _more_out,
    "cidr_ipv4": _other("the rule is for {}"),
    "cidr_ipv6": _other("the rule is for {}"),
    "prefix_list_id": _other("the rule is for the addresses of prefix list {}"),
    "referenced_security_group_id": _other("the rule is for the members of group {}"),
    "publicly_accessible": _where_so(
        True, "the internet can reach its endpoint, as far as its security groups let it"
    ),
    "map_public_ip_on_launch": _where_so(True, "whatever starts in it gets a public address"),
    "associate_public_ip_address": _where_so(True, "it has a public address"),
    "vpc_security_group_ids": _each_more("whoever security group {} lets in can reach it"),
    "security_groups": _each_more("whoever security group {} lets in can reach it"),
    "security_group_ids": _each_more("whoever security group {} lets in can reach it"),
    "iam_roles": _each_more("its users can act as role {}"),
    "default_iam_role_arn": _other("its users act as role {} by default"),
    "iam_instance_profile": _other("it acts as instance profile {}"),
    "enhanced_vpc_routing": _unless_so(
        True, "COPY and UNLOAD reach buckets past the VPC, whatever its endpoint's policy says"
    ),
    "parameter": _parameters,
    "policy": exceeding,
    "assume_role_policy": exceeding,
    "permissions_boundary": lambda _, should_be: (
        [f"{should_be} does not bound what the role may do"] if should_be else []
    ),
    "policy_names": _each_more("the role may do what its inline policy {} says"),
    "policy_arns": _each_more("the role may do what {} says"),
    "block_public_acls": _unless_so(True, f"{_CAN_BE_PUBLIC} by an ACL"),
    "block_public_policy": _unless_so(True, f"{_CAN_BE_PUBLIC} by a policy"),
    "ignore_public_acls": _unless_so(True, "public ACLs count"),
    "restrict_public_buckets": _unless_so(True, "a public policy lets everybody in"),
    "rule": _ownership,
}
