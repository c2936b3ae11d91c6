"""The infrastructure from Dagster: Terraform's stacks as jobs of visible steps.

`stacks` runs one stack's commands, `plans` reads what a plan would do, `aws` asks AWS what Terraform can't tell,
`backend` moves the state to S3, `steps` are the ops and `jobs` the graphs of them, `drift` the external asset
`redshift_cluster` with its check and daily schedule. definitions.py takes
`jobs.infrastructure_defs`.
"""
