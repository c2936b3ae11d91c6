"""The infrastructure from Dagster: Terraform's stacks as jobs whose ops are visible one by one.

`terraform` runs a command and `diagnostics` reads its output; `stack` has the commands of one stack, `plan` what a
plan would do, `forecast` what it would do after another stack's, and `tfvars` whether the environment's file fits.
`aws` asks AWS what Terraform cannot say, `state_backend` moves the state to S3, `existing` finds what the account has
already. `ops`, `cluster_ops`, `adopt_ops` and `destroy_ops` are the ops and `jobs` their order; `drift` has the
external asset `redshift_cluster` with its check and daily schedule. `definitions` takes `jobs.infrastructure_defs`,
and other code uses `run` to run a job or read the outputs.
"""

from __future__ import annotations

from sparkify_assets.errors import SparkifyError

#: The environment whose state is in Terraform's default workspace, where a plain `terraform apply` goes.
DEFAULT_ENVIRONMENT = "dev"


class InfrastructureError(SparkifyError):
    """Something about the infrastructure is wrong that a person can put right; one line."""
