"""What the data is: datasets, tables, fields, checks, merges, SQL. No I/O, no Dagster."""
