"""dlt's redshift destination: inserts, merges, and staging on S3 (JSON lines and Parquet) with COPY."""

import os

import dlt
from dlt.destinations import filesystem, redshift
from steps import BUCKET, DATABASE, HOST, PASSWORD, PORT, ROLE, SCHEMA, USER, same, step

os.environ["DESTINATION__FILESYSTEM__CREDENTIALS__AWS_ACCESS_KEY_ID"] = os.environ["AWS_ACCESS_KEY_ID"]
os.environ["DESTINATION__FILESYSTEM__CREDENTIALS__AWS_SECRET_ACCESS_KEY"] = os.environ[
    "AWS_SECRET_ACCESS_KEY"
]
os.environ["DESTINATION__FILESYSTEM__CREDENTIALS__ENDPOINT_URL"] = os.environ["AWS_ENDPOINT_URL"]
os.environ["DESTINATION__FILESYSTEM__CREDENTIALS__REGION_NAME"] = os.environ["AWS_DEFAULT_REGION"]

credentials = {"host": HOST, "port": PORT, "database": DATABASE, "username": USER, "password": PASSWORD}
plays = [{"id": number, "song": {"title": f"song {number}"}, "tags": ["a", "b"]} for number in range(3)]


def pipeline(name: str, role: str | None = None, **options: object) -> dlt.Pipeline:
    return dlt.pipeline(
        name,
        destination=redshift(credentials=credentials, staging_iam_role=role),
        dataset_name=f"{SCHEMA}_{name}",
        **options,
    )


def count(made: dlt.Pipeline, table: str) -> int:
    with made.sql_client() as client, client.execute_query(f"select count(*) from {table}") as cursor:
        return cursor.fetchall()[0][0]


with step("insert"):
    inserted = pipeline("inserted")
    inserted.run(plays, table_name="plays")
    inserted.run(plays, table_name="plays")
    same((count(inserted, "plays"), count(inserted, "plays__tags")), (6, 12))

with step("merge"):
    merged = pipeline("merged")
    for _ in range(2):
        merged.run(plays, table_name="plays", write_disposition="merge", primary_key="id")
    same((count(merged, "plays"), count(merged, "plays__tags")), (3, 6))

with step("replace"):
    inserted.run(plays[:1], table_name="plays", write_disposition="replace")
    same(count(inserted, "plays"), 1)

with step("new column"):
    inserted.run([{"id": 9, "extra": 1.5}], table_name="plays")
    same(count(inserted, "plays"), 2)

with step("read"):
    same(sorted(inserted.dataset().plays.arrow()["id"].to_pylist()), [0, 9])

for form in ("jsonl", "parquet"):
    for name, role in (("role", ROLE), ("keys", None)):
        with step(f"stage {form} by {name}"):
            staged = pipeline(f"{form}_{name}", role, staging=filesystem(f"s3://{BUCKET}/{SCHEMA}"))
            staged.run(
                [{key: value for key, value in play.items() if key != "tags"} for play in plays],
                table_name="plays",
                loader_file_format=form,
            )
            same(count(staged, "plays"), 3)
