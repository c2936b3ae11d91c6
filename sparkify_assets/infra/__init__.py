"""The infrastructure from Dagster: Terraform's stacks as jobs of visible steps.

`stack` runs one stack's commands, `plan` reads what a plan would do, `aws` asks AWS what Terraform can't tell,
`state_backend` moves the state to S3, `ops` are the steps and `jobs` the graphs of them, `drift` the external asset
`redshift_cluster` with its check and daily schedule. definitions.py takes `jobs.infrastructure_defs`; other code uses
`run` (run a job, read the outputs).
"""

from __future__ import annotations

from sparkify_assets.errors import SparkifyError

#: The environment whose state is in Terraform's default workspace, where a plain `terraform apply` goes.
DEFAULT_ENVIRONMENT = "dev"


class InfrastructureError(SparkifyError):
    """Something about the infrastructure that a person can put right; its text is one line."""
