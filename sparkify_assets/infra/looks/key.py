"""Grants of our keys, each of which lets somebody use the key whatever its policy says
(https://docs.aws.amazon.com/kms/latest/developerguide/grants.html).

Belongs here: grants. Does not: the key's policy, which the plan sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.looks.surroundings import Surroundings


def grants(look: Surroundings) -> Iterator[Finding]:
    """Grants that no stack declares and that no service made for what it encrypts."""
    declared = look.declared.every("grant_id", "aws_kms_grant")
    pages = look.client("kms").get_paginator("list_grants")
    for key in look.declared.every("key_id", "aws_kms_key"):
        for grant in pages.paginate(KeyId=key).search("Grants[]"):
            if grant["GrantId"] not in declared and not _of_a_service(grant):
                who = grant["GranteePrincipal"]
                yield look.finding(
                    "exposed", f"key {key}", f"{who} may {', '.join(grant['Operations'])} with it by a grant",
                    "kms revoke-grant", key_id=key, grant_id=grant["GrantId"],
                )  # fmt: skip


def _of_a_service(grant: dict[str, Any]) -> bool:
    """Whether AWS made the grant, for a service's principal or a service's role
    (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html; of volumes, `aws:ec2-infrastructure`:
    https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html).
    """
    grantee = grant.get("GranteePrincipal", "")
    return (
        grantee.endswith(".amazonaws.com")
        or ":assumed-role/aws:" in grantee
        or ":role/aws-service-role/" in grantee
    )
