"""AWS on loopback: moto's server, made complete enough for this project's Terraform stacks.

`python -m tests.infrastructure.emulator` prints the port it listens on and serves until it is
stopped. Nothing here is used outside the tests. `redshift` adds what moto's Redshift lacks, `data_api` runs the
statements of redshift-data on the cluster's endpoint, `containers` and `corrections` mend answers of other services
that make a clean `terraform plan` impossible, `control` reads the file by which a test slows the cluster's creation
down or makes calls fail, `calls` writes down who called what.
"""
