"""The resource policy of the administrator's secret, by which others read the password of the cluster
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html).

Belongs here: the secrets that Redshift manages. Does not: their content, which is never read.
"""

from __future__ import annotations

from collections.abc import Iterator

from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.grants import allowed
from sparkify_assets.infra.looks.surroundings import Surroundings


def policies(look: Surroundings) -> Iterator[Finding]:
    """What a policy on the secret allows. Redshift makes the secret without one."""
    secrets = look.client("secretsmanager")
    declared = look.declared.every("secret_arn", "aws_secretsmanager_secret_policy")
    for arn in look.declared.every("master_password_secret_arn", "aws_redshift_cluster"):
        for what in allowed(secrets.get_resource_policy(SecretId=arn).get("ResourcePolicy")):
            if arn not in declared:
                yield look.finding(
                    "exposed", f"the administrator's secret {arn}", what,
                    "secretsmanager delete-resource-policy", secret_id=arn,
                )  # fmt: skip
