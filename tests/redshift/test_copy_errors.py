"""What Redshift says of a COPY that failed, word for word as people have met it, and what the project makes of it."""

from __future__ import annotations

import psycopg2
import pytest

from redshift_local.endpoint.refusal import Refusal
from sparkify_assets.warehouse.errors import announced_rejects, copy_error
from tests.redshift.conftest import LoopbackCluster


def detail(error: str, code: int, context: str) -> str:
    rule = "-" * 47
    return (
        f"\n  {rule}\n  error:  {error}\n  code:      {code}\n  context:   {context}\n  query:     244\n"
        f"  location:  table_s3_scanner.cpp:348\n  process:   query0_60 [pid=5615]\n  {rule}\n"
    )


ROLE = (
    "User arn:aws:redshift:eu-west-2:123456789012:dbuser:cluster/user is not authorized to assume IAM Role"
    " arn:aws:iam::123456789012:role/load."
)


@pytest.mark.parametrize(
    ("text", "told", "object_url", "reason"),
    [
        (
            "failed to inflate with gzip: unexpected end of file.",
            detail(
                "failed to inflate with gzip: unexpected end of file.",
                9001,
                "S3 key being read : s3://b/a day.gz",
            ),
            "s3://b/a day.gz",
            "failed to inflate with gzip: unexpected end of file.",
        ),
        (
            "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,Rid 7,ExtRid x,CanRetry 1",
            detail(
                "S3ServiceException:The specified key does not exist.",
                8001,
                "S3 key being read : s3://b/k.json",
            ),
            "s3://b/k.json",
            "S3: The specified key does not exist. (NoSuchKey)",
        ),
        (
            "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 7,ExtRid x,CanRetry 1",
            detail("S3ServiceException:Access Denied,Status 403", 8001, "Listing bucket=b prefix=k"),
            None,
            "S3: Access Denied (AccessDenied); the cluster's role (SPARKIFY_IAM_ROLE) may not read it",
        ),
        # a detail that breaks the line
        (
            ROLE,
            detail("User \n   arn:aws:redshift:eu-west-2 ...", 8001, "IAM Role=arn:aws:iam::..."),
            None,
            ROLE,
        ),
        (
            "Load into table 'customer' failed.  Check 'stl_load_errors' system table for details.",
            "",
            None,
            "Load into table 'customer' failed. Check 'stl_load_errors' system table for details.",
        ),
    ],
)
def test_a_failed_copy_is_one_line_and_names_the_object_at_fault(
    shared: LoopbackCluster, text: str, told: str, object_url: str | None, reason: str
) -> None:
    def fail(statement: str) -> None:
        if statement.startswith("copy"):
            raise Refusal("XX000", text, told)

    connection = shared.warehouse().connect()
    shared.endpoint.before = fail
    try:
        with connection.cursor() as cursor, pytest.raises(psycopg2.InternalError) as raised:
            cursor.execute("copy t from 's3://b/manifest' iam_role default manifest json 'auto'")
    finally:
        shared.endpoint.before = None
        connection.close()
    failed = copy_error(raised.value)
    assert (failed.reason, failed.object_url) == (reason, object_url)


LOADED = "INFO:  Load into table 'customer' completed, 112497 record(s) loaded successfully.\n"
REFUSED = (
    "INFO:  Load into table 'customer' completed, 7 record(s) could not be loaded.  "
    "Check 'stl_load_errors' system table for details.\n"
)


@pytest.mark.parametrize(
    ("notices", "refused"),
    [
        ([LOADED, REFUSED], 7),
        ([LOADED], 0),
        ([LOADED, REFUSED.replace("stl_load_errors", "sys_load_error_detail")], 7),
        # what is not in these words is no count
        ([], None),
        ([REFUSED], None),
        ([LOADED.replace("112497", "112496")], None),
        ([LOADED, REFUSED, REFUSED], None),
        ([LOADED, LOADED], None),
        ([LOADED, REFUSED.replace("could not be loaded", "were rejected")], None),
        ([LOADED, "INFO:  7 record(s) could not be loaded.\n"], None),
        ([LOADED.replace("loaded successfully", "processed"), REFUSED], None),
        ([LOADED.replace("record(s)", "rows")], None),
    ],
)
def test_how_many_records_a_copy_says_it_refused(notices: list[str], refused: int | None) -> None:
    """The words of https://docs.aws.amazon.com/redshift/latest/dg/tutorial-loading-run-copy.html"""
    assert announced_rejects(notices, 112497) == refused


def test_a_copy_that_gave_up_because_of_its_records_says_so() -> None:
    """The words of https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-maxerror"""
    gave_up = "Load into table 'part' failed.  Check 'stl_load_errors' system table for details."
    assert copy_error(psycopg2.InternalError(gave_up)).of_records
    assert not copy_error(psycopg2.InternalError("failed to inflate with gzip")).of_records
