"""Buckets of other people and other places: requesters who pay, other regions, keys of KMS."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import Digest, digest
from sparkify_assets.inspection.profile import profile
from sparkify_assets.load import stage
from sparkify_assets.load.loader import BatchesFailed, Loader
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.source.s3 import S3Store
from sparkify_assets.source.store import SourceError
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import CopyFailed
from tests.conftest import load_all
from tests.infrastructure.harness import REGION
from tests.redshift.conftest import LoopbackCluster
from tests.redshift.loads import s3_loader, work_area

#: What S3 says where a right is missing (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
KEY = "arn:aws:kms:us-west-2:123456789012:key/0d0a1b2c-0000-4444-8888-123456789abc"
LOADER = "arn:aws:sts::123456789012:assumed-role/sparkify-orchestrator/i-0123456789abcdef0"


def denied(right: str, on: str = f"resource: {KEY}") -> tuple[str, str]:
    because = f"because no identity-based policy allows the {right} action"
    return "AccessDenied", f"User: {LOADER} is not authorized to perform: {right} on {on} {because}"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days, with records that COPY refuses, in objects of every form, and two objects that cannot be unpacked."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, events=80, songs=4, days=2, seed=11)
    refused = '{"page": "Home", "ts": "yesterday noon"}\n'
    packed = gzip.compress(refused.encode())
    for name, content in {
        "2018-11-02-events-more.json": refused.encode(),
        "2018-11-01-events-packed-without-saying.json": packed,
        "2018-11-01-events-marked.json": b"\xef\xbb\xbf" + refused.encode(),
        "2018-11-02-events-nothing.json": b"",
        "2018-11-01-events-packed.json.gz": packed,
        "2018-11-01-events-marked.json.gz": gzip.compress(b"\xef\xbb\xbf" + refused.encode()),
        "2018-11-01-events-broken.json.gz": b"no gzip",
        "2018-11-01-events-cut.json.gz": packed[:-9],
    }.items():
        (folder / "log_data/2018/11" / name).write_bytes(content)
    return folder


@contextmanager
def bucket_in(region: str, name: str) -> Iterator[str]:
    """A bucket of its own, in a region of its own."""
    client = boto3.client("s3", region_name=region)
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]
    try:
        yield name
    finally:
        for entry in client.list_objects_v2(Bucket=name)["Contents"]:
            client.delete_object(Bucket=name, Key=entry["Key"])
        client.delete_bucket(Bucket=name)


@pytest.fixture(params=["redshift", "embedded"])
def into(request: pytest.FixtureRequest, ready: LoopbackCluster) -> Warehouse:
    """Both warehouses, one after the other."""
    return ready.warehouse() if request.param == "redshift" else request.getfixturevalue("warehouse")


# --- requesters who pay


@pytest.fixture
def charged(ready: LoopbackCluster, sample: Path) -> Iterator[str]:
    """A source that answers only those who say that they pay, as COPY never does."""
    with bucket_in(REGION, "charged") as bucket:
        url = ready.put_folder(sample, "public", bucket)
        ready.aws.control(requester_pays=[bucket])
        try:
            yield url
        finally:
            ready.aws.control(requester_pays=[])


def test_a_source_whose_requesters_pay(
    ready: LoopbackCluster, into: Warehouse, charged: str, expected: Digest, tmp_path: Path
) -> None:
    """Every request agrees to pay, and COPY, which cannot, reads copies in the work area."""
    load_all(s3_loader(into, charged, ready, tmp_path, requester_pays=True))
    assert digest(into) == expected  # with the refused record at its place in the source
    assert work_area(ready) == []


def test_nobody_pays_who_did_not_say_so(ready: LoopbackCluster, charged: str, tmp_path: Path) -> None:
    loader = s3_loader(ready.warehouse(), charged, ready, tmp_path)
    with pytest.raises(SourceError, match=r"AccessDenied.* SPARKIFY_REQUESTER_PAYS=on") as refused:
        load_all(loader)
    assert "\n" not in str(refused.value)


def test_only_the_source_is_told_who_pays(ready: LoopbackCluster) -> None:
    said: dict[str, str | None] = {}

    def listen(name: str) -> Callable[..., None]:
        def hear(request: object, **_: object) -> None:
            said[name] = request.headers.get("x-amz-request-payer")  # type: ignore[attr-defined]

        return hear

    for name, pays in (("source", True), ("work", False)):
        store = S3Store(f"s3://{ready.bucket}", requester_pays=pays)
        store.client.meta.events.register("before-send.s3", listen(name))
        list(store.list())
    assert said == {"source": b"requester", "work": None}


# --- other regions


def test_the_region_is_that_of_the_bucket(ready: LoopbackCluster, sample: Path, tmp_path: Path) -> None:
    """s3://udacity-dend is in us-west-2, whatever AWS_REGION says: COPY's REGION is asked of S3."""
    source = ready.put_folder(sample, "landing")
    load_all(s3_loader(ready.warehouse(), source, ready, tmp_path, region="eu-west-1"))
    copies = [
        text for text in ready.endpoint.statements if text.lstrip("-").startswith(("copy", " One", " The"))
    ]
    regions = {line for text in copies for line in text.splitlines() if line.startswith("region")}
    assert regions == {f"region '{REGION}'"}


def test_a_source_in_another_region_goes_through_the_work_area(
    ready: LoopbackCluster, into: Warehouse, sample: Path, expected: Digest, tmp_path: Path
) -> None:
    """REGION holds for the manifest and all that it names."""
    with bucket_in("eu-central-1", "far-away") as bucket:
        load_all(s3_loader(into, ready.put_folder(sample, "public", bucket), ready, tmp_path))
    assert digest(into) == expected
    assert work_area(ready) == []


# --- keys of KMS


def test_the_work_area_is_written_with_the_bucket_s_own_key(
    ready: LoopbackCluster, sample: Path, expected: Digest, tmp_path: Path
) -> None:
    """Nothing names a key: the bucket's default encryption does (UsingKMSEncryption)."""
    client = boto3.client("s3")
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    client.put_bucket_encryption(
        Bucket=ready.bucket,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},  # type: ignore[typeddict-item]
    )
    seen: set[tuple[str, str]] = set()

    def look(statement: str) -> None:
        if "\ncopy " in f"\n{statement}":
            heads = [client.head_object(Bucket=ready.bucket, Key=key) for key in work_area(ready)]
            seen.update((head["ServerSideEncryption"], head["SSEKMSKeyId"]) for head in heads)

    source = ready.put_folder(sample, "landing")
    ready.endpoint.before = look
    try:
        load_all(s3_loader(ready.warehouse(), source, ready, tmp_path))
    finally:
        client.delete_bucket_encryption(Bucket=ready.bucket)
    assert seen == {("aws:kms", KEY)}
    assert digest(ready.warehouse()) == expected


@pytest.mark.parametrize(
    ("call", "right"), [("s3_GetObject", "kms:Decrypt"), ("s3_PutObject", "kms:GenerateDataKey")]
)
def test_a_right_that_the_loader_lacks_is_named_with_its_key(
    ready: LoopbackCluster, into: Warehouse, sample: Path, tmp_path: Path, call: str, right: str
) -> None:
    loader = s3_loader(into, ready.put_folder(sample, "landing"), ready, tmp_path)
    told = stopped(ready, loader, "songs", {call: denied(right)})
    assert f"{right} on {KEY} is not allowed to {LOADER}" in told


def test_a_right_that_the_cluster_s_role_lacks_is_named_with_its_key(
    ready: LoopbackCluster, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "SMALL_DAY_BYTES", -1)  # COPY reads the day from the source
    loader = s3_loader(ready.warehouse(), ready.put_folder(sample, "landing"), ready, tmp_path)
    # The cluster reads objects whole; the loader has looked at their beginnings before.
    told = stopped(ready, loader, "events", {"s3_WholeGetObject": denied("kms:Decrypt")}, {"2018-11-02"})
    assert f"kms:Decrypt on {KEY} is not allowed to {LOADER}" in told
    assert "the cluster's role (SPARKIFY_IAM_ROLE) may not read it" in told


def test_a_denial_that_names_nothing_says_what_it_may_be(
    ready: LoopbackCluster, into: Warehouse, sample: Path, tmp_path: Path
) -> None:
    loader = s3_loader(into, ready.put_folder(sample, "landing"), ready, tmp_path)
    told = stopped(ready, loader, "songs", {"s3_GetObject": ("AccessDenied", "Access Denied")})
    assert "it needs s3:GetObject, kms:Decrypt on the key that encrypts it" in told
    told = stopped(ready, loader, "songs", {"s3_GetObject": denied("kms:Decrypt", _UNNAMED)})
    assert f"kms:Decrypt on the KMS key that encrypts it is not allowed to {LOADER}" in told


def test_credentials_of_aws_that_end_in_mid_load(
    ready: LoopbackCluster, into: Warehouse, sample: Path, tmp_path: Path
) -> None:
    loader = s3_loader(into, ready.put_folder(sample, "landing"), ready, tmp_path)
    ended = ("ExpiredToken", "The provided token has expired.")
    assert "The provided token has expired." in stopped(ready, loader, "songs", {"s3_GetObject": ended})


def test_a_profile_of_objects_that_may_not_be_read_is_none(
    ready: LoopbackCluster, into: Warehouse, sample: Path, tmp_path: Path
) -> None:
    """Else it would say that all of them are broken."""
    loader = s3_loader(into, ready.put_folder(sample, "landing"), ready, tmp_path)
    with (
        ready.aws.failing(s3_GetObject=denied("kms:Decrypt")),
        pytest.raises(SourceError, match=f"kms:Decrypt on {KEY}"),
    ):
        profile("songs", loader.source)
    assert profile("songs", loader.source).records == 4


def test_an_object_in_an_archive_is_quarantined_and_the_others_are_loaded(
    ready: LoopbackCluster, into: Warehouse, sample: Path, tmp_path: Path
) -> None:
    """InvalidObjectState, with the status of a denial: who restores it later loads it then."""
    source = ready.put_folder(sample, "landing")
    boto3.client("s3").put_object(
        Bucket=ready.bucket, Key="landing/song_data/Z/Z/Z/TRZZZ.json", Body=b"{}", StorageClass="GLACIER"
    )
    loader = s3_loader(into, source, ready, tmp_path, reject_rows=100)
    list(loader.load("songs"))
    with loader.warehouse.transaction(lock=False) as transaction:
        [row] = transaction.records("ledger/quarantined", partition_key="ZZ", object_key=None)
        assert transaction.records("report/row_counts")[0]["songs"] == 4
    assert "InvalidObjectState" in row["reason"]


_UNNAMED = "the resource associated with this ciphertext"


def stopped(
    cluster: LoopbackCluster,
    loader: Loader,
    dataset: Dataset,
    faults: dict[str, tuple[str, str]],
    keys: set[str] | None = None,
) -> str:
    """What a load says that ends by such a fault; nothing is loaded or quarantined."""
    with cluster.aws.failing(**faults), pytest.raises((SourceError, CopyFailed, BatchesFailed)) as failed:
        list(loader.load(dataset, keys))
    assert "\n" not in str(failed.value)
    with loader.warehouse.transaction(lock=False) as transaction:
        assert set(transaction.records("report/row_counts")[0].values()) == {0}
        assert transaction.rows("ledger/quarantined", partition_key=None, object_key=None) == []
    return str(failed.value)
