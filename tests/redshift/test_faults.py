"""What goes wrong in the middle of a load into Redshift: the right tables all the same, or one clear line.

D of a load without faults, from files into the local Redshift, is what every load here has to reach.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import boto3
import psycopg2
import pytest

from redshift_local.endpoint.refusal import Refusal
from redshift_local.endpoint.server import Cut
from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import Digest, digest
from sparkify_assets.load.loader import Loader
from sparkify_assets.source.s3 import S3Store
from sparkify_assets.source.store import SourceError
from sparkify_assets.source.wrong import WrongSource
from sparkify_assets.warehouse import cluster_state, transaction
from sparkify_assets.warehouse.errors import CopyFailed, WarehouseError
from tests.conftest import load_all
from tests.redshift.conftest import LoopbackCluster
from tests.redshift.loads import s3_loader, work_area

DAY = "log_data/2018/11/2018-11-01-events.json"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, events=150, songs=6, days=2, seed=7)
    return folder


@pytest.fixture
def loading(ready: LoopbackCluster, sample: Path, tmp_path: Path) -> Loader:
    """A loader of the sample from the cluster's bucket into the cluster."""
    return s3_loader(ready.warehouse(), ready.put_folder(sample, "landing"), ready, tmp_path)


def once(statement: str, what: Callable[[], None]) -> Callable[[str], None]:
    """A hook that does something before (or after) the first statement that begins so."""
    left = [what]

    def hook(text: str) -> None:
        if left and statement in " ".join(text.lower().split()):
            left.pop()()

    return hook


def refuse(state: str, text: str) -> Callable[[], None]:
    def fail() -> None:
        raise Refusal(state, text)

    return fail


def cut() -> None:
    raise Cut


# --- errors that pass


@pytest.mark.parametrize(
    ("statement", "state", "text"),
    [
        # the words of https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
        (
            "insert into sparkify.songplays",
            "XX000",
            "1023\nDETAIL:  Serializable isolation violation on table - 104",
        ),
        ("commit", "40001", "could not serialize access due to read/write dependencies among transactions"),
        (
            "delete from staging.events",
            "XX000",
            "could not complete because of conflict with concurrent transaction",
        ),
        ("insert into ledger.loads", "40P01", "deadlock detected"),
        ("copy arriving_events", "57P01", "terminating connection due to administrator command"),
    ],
)
def test_the_whole_transaction_is_tried_again(
    loading: Loader, ready: LoopbackCluster, expected: Digest, statement: str, state: str, text: str
) -> None:
    ready.endpoint.before = once(statement, refuse(state, text))
    load_all(loading)
    assert digest(loading.warehouse) == expected
    assert work_area(ready) == []


@pytest.mark.parametrize(
    "statement", ["copy incoming_songs", "copy arriving_events", "lock table", "analyze"]
)
def test_a_line_that_goes_dead(
    loading: Loader, ready: LoopbackCluster, expected: Digest, statement: str
) -> None:
    ready.endpoint.before = once(statement, cut)
    load_all(loading)
    assert digest(loading.warehouse) == expected
    assert work_area(ready) == []


@pytest.mark.parametrize("statement", ["copy arriving_events", "commit"])
def test_a_line_that_goes_dead_before_the_answer_comes(
    loading: Loader, ready: LoopbackCluster, expected: Digest, statement: str
) -> None:
    """Whether the transaction was committed only the ledger knows."""
    ready.endpoint.after = once(statement, cut)
    load_all(loading)
    assert digest(loading.warehouse) == expected


def test_credentials_that_end_in_mid_load(loading: Loader, ready: LoopbackCluster, expected: Digest) -> None:
    def end() -> None:
        ready.end_credentials()
        raise Cut

    ready.endpoint.before = once("copy arriving_events", end)
    load_all(loading)
    assert digest(loading.warehouse) == expected


def test_a_cluster_that_is_paused_in_mid_load(
    loading: Loader, ready: LoopbackCluster, expected: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_state, "POLL_SECONDS", 0.05)

    def pause() -> None:
        boto3.client("redshift").pause_cluster(ClusterIdentifier=ready.identifier)
        raise Cut

    ready.endpoint.before = once("copy arriving_events", pause)
    load_all(loading)
    assert digest(loading.warehouse) == expected


# --- errors that stay: one line, and nothing is loaded


def stopped(loader: Loader, kind: type[Exception]) -> str:
    with pytest.raises(kind) as failed:
        load_all(loader)
    assert "\n" not in str(failed.value).strip()
    with loader.warehouse.transaction(lock=False) as transaction:
        assert set(transaction.records("report/row_counts")[0].values()) == {0}
    return str(failed.value)


def test_a_role_that_was_revoked(loading: Loader, ready: LoopbackCluster) -> None:
    ready.state.revoked.add(ready.role)
    assert f"not authorized to assume IAM Role {ready.role}" in stopped(loading, CopyFailed)


def test_a_wrong_region_where_the_bucket_does_not_tell_its_own(
    ready: LoopbackCluster, loading: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(S3Store, "region", None)
    wrong = s3_loader(loading.warehouse, loading.source.url, ready, tmp_path, region="eu-west-1")
    told = stopped(wrong, CopyFailed)
    assert "PermanentRedirect" in told
    assert "the bucket did not tell its region: AWS_REGION has to name it" in told


def test_a_bucket_that_is_not_there(ready: LoopbackCluster, loading: Loader, tmp_path: Path) -> None:
    for change in ({"source": "s3://nowhere-at-all/landing"}, {"work": "s3://nowhere-at-all/work"}):
        wrong = s3_loader(
            loading.warehouse, **{"source": loading.source.url, "cluster": ready, "home": tmp_path, **change}
        )  # type: ignore[arg-type]
        told = stopped(wrong, SourceError)
        assert "nowhere-at-all" in told
        assert "NoSuchBucket" in told


def test_an_empty_prefix_is_told_before_anything_is_copied(ready: LoopbackCluster, tmp_path: Path) -> None:
    loader = s3_loader(ready.warehouse(), f"s3://{ready.bucket}/nothing/here", ready, tmp_path)
    with pytest.raises(WrongSource, match="found nothing at all"):
        load_all(loader)
    assert not any(text.lower().startswith("copy") for text in ready.endpoint.statements)


def test_a_copy_of_an_empty_prefix_fails(ready: LoopbackCluster) -> None:
    connection = ready.warehouse().connect()
    with connection.cursor() as cursor:
        cursor.execute("create temp table t (i integer)")
        with pytest.raises(psycopg2.InternalError, match="names no object"):
            cursor.execute(f"copy t from 's3://{ready.bucket}/nothing/' iam_role default json 'auto'")
    connection.close()


def test_jsonpaths_that_are_gone(loading: Loader, ready: LoopbackCluster) -> None:
    def remove() -> None:
        [key] = [key for key in work_area(ready) if key.endswith("log_json_path.json")]
        boto3.client("s3").delete_object(Bucket=ready.bucket, Key=key)

    for _ in loading.load("songs"):
        pass
    ready.endpoint.before = once("copy arriving_events", remove)
    with pytest.raises(CopyFailed, match=r"log_json_path\.json: S3: .*\(NoSuchKey\)"):
        list(loading.load("events"))


def test_files_cannot_be_loaded_into_a_cluster(ready: LoopbackCluster, sample: Path, tmp_path: Path) -> None:
    loader = s3_loader(ready.warehouse(), sample.as_uri(), ready, tmp_path)
    assert "Redshift reads from s3:// only" in stopped(loader, SourceError)


def test_a_wait_without_end_is_ended(loading: Loader, ready: LoopbackCluster) -> None:
    ready.endpoint.before = once(
        "insert into sparkify.songs", refuse("57014", "Query (7) cancelled on user's request")
    )
    assert "cancelled on user's request" in stopped(loading, psycopg2.errors.QueryCanceled)


# --- what COPY refuses


def test_an_object_that_cannot_be_unpacked_is_quarantined_whole(
    loading: Loader, ready: LoopbackCluster
) -> None:
    good = boto3.client("s3").get_object(Bucket=ready.bucket, Key=f"landing/{DAY}")["Body"].read()
    ready.put("landing/log_data/2018/11/2018-11-01-events-broken.json.gz", b"\x1f\x8bnot gzip at all")
    ready.put("landing/log_data/2018/11/2018-11-01-events-whole.json.gz", gzip.compress(good))
    load_all(loading)
    with loading.warehouse.transaction(lock=False) as transaction:
        rows = transaction.records("ledger/quarantined", partition_key=None, object_key=None)
    [broken] = [row for row in rows if str(row["object_key"]).endswith("events-broken.json.gz")]
    assert broken["reason"].startswith("unreadable object: ")
    assert broken["raw_record"] is None


@pytest.mark.parametrize("lag", [0, 2])
def test_refused_records_are_in_quarantine_however_late_the_view_tells(
    loading: Loader, ready: LoopbackCluster, lag: int
) -> None:
    ready.put(
        "landing/log_data/2018/11/2018-11-02-events-more.json",
        '{"page": "Home", "ts": "yesterday \\\\ noon"}\n',
    )
    ready.state.lag = lag
    load_all(loading)
    with loading.warehouse.transaction(lock=False) as transaction:
        rows = transaction.records("ledger/quarantined", partition_key=None, object_key=None)
    [refused] = [row for row in rows if str(row["object_key"]).endswith("more.json")]
    assert (refused["position"], refused["column_name"]) == (1, "ts")
    assert refused["raw_record"] == '{"page": "Home", "ts": "yesterday \\\\ noon"}'


def test_records_that_nobody_names_stop_the_load(
    loading: Loader, ready: LoopbackCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready.put(
        "landing/song_data/Z/Z/Z/TRZZZ.json", '{"song_id": "S", "artist_id": "A", "year": "long ago"}\n'
    )
    ready.state.lag = 10_000
    monkeypatch.setattr(transaction, "LOAD_ERRORS_SECONDS", 0.2)
    told = stopped(loading, WarehouseError)
    assert (
        told == "COPY refused 1 records; sys_load_error_detail names 0, stl_load_errors 0: nothing was loaded"
    )
