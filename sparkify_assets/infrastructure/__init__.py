"""The infrastructure from Dagster: Terraform's stacks as jobs of visible steps.

`stacks` runs one stack's commands, `plans` reads what a plan would do, `aws` asks AWS what Terraform can't tell,
`backend` moves the state to S3, `steps` are the ops and `jobs` the graphs of them, `drift` the external asset
`redshift_cluster` with its check and daily schedule. definitions.py takes `jobs.infrastructure_defs`; other code uses
`launch` (run a job, read the outputs) and `aws` (find, pause and resume the cluster).
"""

from __future__ import annotations

#: The environment whose state is in Terraform's default workspace, where a plain `terraform apply` goes.
DEFAULT_ENVIRONMENT = "dev"


class InfrastructureError(RuntimeError):
    """Something about the infrastructure that a person can put right; its text is one line."""
