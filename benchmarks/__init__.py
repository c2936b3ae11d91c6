"""How fast loading is, beside a hand-written loader and other tools in the same minutes: `make bench`.

`histories` compares full loads and one more day; `small_loads` whole commands with little to load, with Dagster's share
of them (`dagster_share`); `idle_dev` is the web UI with nothing to do. The contenders of `histories` are the project,
`floor`, `duckdb_star` and `dlt_staging`. `__main__` has the sizes and the limits. Each prints tables in Markdown.
"""
