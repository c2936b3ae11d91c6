"""Sparkify's warehouse: from the files of a music service to a star schema in Amazon Redshift.

Objects land in a `source`, and what is new among them is found by comparing a listing with the ledger. Each day of
events and each prefix of songs is loaded whole (`load`: stage, check, publish, over the SQL of `sql/`) into a
`warehouse`, and shows as assets with their checks in Dagster (`defs`). `model` says what the data is, `infra` provides
the cluster, and `cli` is the command line. Each layer uses only those below it: see the README.
"""
