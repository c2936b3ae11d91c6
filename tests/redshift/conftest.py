"""A cluster on loopback: AWS's API emulated, the wire protocol in front of the local Redshift, S3 emulated beside it.

The project's Redshift path runs unchanged against it: describe_clusters, temporary credentials, TLS verified by a
certificate authority of the test's own, COPY from s3://.
"""

from __future__ import annotations

import itertools
import json
import os
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from redshift_local.endpoint.accounts import Accounts
from redshift_local.endpoint.cluster import ClusterState
from redshift_local.endpoint.server import Endpoint
from redshift_local.endpoint.users import make_password
from sparkify_assets.inspection.checksum import Digest, digest
from sparkify_assets.load.loader import Loader
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import Admin, fresh_database, load_all, loader_for
from tests.infrastructure.conftest import terraform
from tests.infrastructure.emulator.credentials import FILE
from tests.infrastructure.harness import REGION, Emulator

__all__ = ["terraform"]  # a fixture of the infrastructure tests, for the life cycle

_numbers = itertools.count()


@pytest.fixture(scope="package")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulated AWS; the environment's variables lead to it."""
    emulator = Emulator(tmp_path_factory.mktemp("aws"))
    emulator.control(redshift_host="127.0.0.1")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**emulator.environment, "AWS_DEFAULT_REGION": REGION}.items():
            patch.setenv(name, value)
        yield emulator
    emulator.stop()


@pytest.fixture(autouse=True)
def emulated(aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here talks to the emulator."""
    for name, value in {**aws.environment, "AWS_DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls"))


@dataclass(frozen=True)
class Authority:
    """A certificate authority: the file that a client trusts, and a server's side signed by it."""

    root: Path
    server: ssl.SSLContext

    @classmethod
    def make(cls, folder: Path) -> Authority:
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"tests {next(_numbers)}")])
        root = _certificate(name, name, root_key.public_key(), authority=True).sign(root_key, hashes.SHA256())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        signed = _certificate(subject, name, key.public_key(), authority=False).sign(
            root_key, hashes.SHA256()
        )
        pem = serialization.Encoding.PEM
        (folder / "root.pem").write_bytes(root.public_bytes(pem))
        (folder / "server.pem").write_bytes(
            signed.public_bytes(pem)
            + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        return cls(folder / "root.pem", context)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Any, *, authority: bool
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )


@dataclass
class LoopbackCluster:
    """A cluster of the emulated AWS, its endpoint, and what the tests need to know of both."""

    identifier: str
    database: str
    bucket: str
    role: str
    root: Path
    dsn: str
    aws: Emulator
    state: ClusterState
    endpoint: Endpoint
    ended: set[str] = field(default_factory=set)  # passwords that are not valid any more

    State: ClassVar[type[ClusterState]] = ClusterState

    def create(self) -> None:
        """Make the cluster at the emulated AWS."""
        boto3.client("redshift").create_cluster(
            ClusterIdentifier=self.identifier, NodeType="ra3.large", ClusterType="single-node",
            DBName=self.database, MasterUsername=ADMINISTRATOR, ManageMasterPassword=True,
            Port=self.endpoint.port, IamRoles=[self.role], DefaultIamRoleArn=self.role,
        )  # fmt: skip

    def secret_arn(self) -> str:
        """The administrator's secret."""
        [cluster] = boto3.client("redshift").describe_clusters(ClusterIdentifier=self.identifier)["Clusters"]
        return cluster["MasterPasswordSecretArn"]

    def url(self, **options: str) -> str:
        """What SPARKIFY_WAREHOUSE holds."""
        given = {"region": REGION, "sslrootcert": str(self.root), **options}
        return f"redshift://{self.identifier}/{self.database}?" + "&".join(
            f"{k}={v}" for k, v in given.items()
        )

    def warehouse(self, **options: str) -> Warehouse:
        return Warehouse(url=self.url(**options), folder=Path(os.devnull), log=lambda _: None)

    def put(self, key: str, content: bytes | str) -> str:
        """Write an object into the cluster's bucket; its URL."""
        body = content.encode() if isinstance(content, str) else content
        boto3.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def put_folder(self, folder: Path, prefix: str, bucket: str = "") -> str:
        """Copy the data sets of a folder into the bucket, or another; the prefix's URL."""
        client, bucket = boto3.client("s3"), bucket or self.bucket
        for path in sorted(
            p for part in ("log_data", "song_data") for p in (folder / part).rglob("*") if p.is_file()
        ):
            client.upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder)}")
        return f"s3://{bucket}/{prefix}"

    def empty(self) -> None:
        """Every table and the bucket empty; past the project's own code."""
        with Admin(self.dsn) as connection, connection.cursor() as cursor:
            cursor.execute(_EVERY_TABLE)
            [(tables,)] = cursor.fetchall()
            cursor.execute(f"truncate {tables}")
        client = boto3.client("s3")
        listed = client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        if listed:
            client.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": o["Key"]} for o in listed]})
        self.endpoint.statements.clear()
        self.endpoint.logins.clear()

    def credentials(self) -> dict[str, str]:
        """The loader's user and password, as GetClusterCredentials answers."""
        answer: Any = boto3.client("redshift").get_cluster_credentials(
            ClusterIdentifier=self.identifier, DbUser="sparkify_loader", DbName=self.database
        )
        return {name: answer[name] for name in ("DbUser", "DbPassword")}

    def libpq(self, user: str = "") -> dict[str, str]:
        """The variables that lead psql, and every client that stands on libpq, to the endpoint: as a user, else as the
        loader with credentials made anew.
        """
        user = user or self.credentials()["DbUser"]
        return {
            "PGHOST": "127.0.0.1", "PGPORT": str(self.endpoint.port), "PGDATABASE": self.database,
            "PGUSER": user, "PGPASSWORD": self.password(user) or "",
            "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.root),
        }  # fmt: skip

    def password(self, user: str) -> str | None:
        """The password that a user has now: the newest that was issued and has not ended, or the managed one."""
        issued = self.aws.control_file.with_name(FILE)
        lines = issued.read_text().splitlines() if issued.exists() else []
        for credentials in map(json.loads, reversed(lines)):
            if credentials["user"] == user:
                valid = credentials["until"] > time.time() and credentials["password"] not in self.ended
                return str(credentials["password"]) if valid else None
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=self.secret_arn())
        managed = json.loads(secret["SecretString"])
        return str(managed["password"]) if managed["username"] == user else None

    def end_credentials(self) -> None:
        """Make every password that was issued so far invalid, as if its time were over."""
        issued = self.aws.control_file.with_name(FILE)
        self.ended |= {json.loads(line)["password"] for line in issued.read_text().splitlines()}


Made = TypeVar("Made", bound=LoopbackCluster)


@contextmanager
def make_cluster(
    aws: Emulator,
    server: str,
    authority: Authority,
    kind: type[Made] = LoopbackCluster,  # type: ignore[assignment]
) -> Iterator[Made]:
    """A cluster with an empty database, a role and a bucket; nobody has logged in yet."""
    number = next(_numbers)
    identifier, database = f"cluster-{number}", f"redshift_{os.getpid()}_{number}"
    dsn = prepare_database(server, database)

    def password(user: str) -> str | None:
        return made.password(user)

    state = kind.State(identifier, REGION)
    accounts = administered(dsn, state)
    role = make_role(identifier)
    bucket = f"landing-{number}"
    boto3.client("s3", region_name=REGION).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    with Endpoint(authority.server, accounts.engine, password, remember=True) as endpoint:
        made = kind(identifier, database, bucket, role, authority.root, dsn, aws, state, endpoint)
        made.create()
        yield made
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database {database} with (force)")


@pytest.fixture
def cluster(aws: Emulator, server: str, authority: Authority) -> Iterator[LoopbackCluster]:
    """A cluster of its own for one test."""
    with make_cluster(aws, server, authority) as made:
        yield made


ADMINISTRATOR = "sparkify_admin"


def make_role(name: str) -> str:
    """A role of IAM that a cluster may have."""
    created = boto3.client("iam").create_role(RoleName=f"{name}-s3-read", AssumeRolePolicyDocument="{}")
    return created["Role"]["Arn"]


def prepare_database(server: str, name: str) -> str:
    """A new database; its DSN."""
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    return server.replace("dbname=sparkify", f"dbname={name}")


def administered(dsn: str, cluster: ClusterState | None = None) -> Accounts:
    """The accounts of a database, with the cluster's administrator among them."""
    accounts = Accounts(dsn, cluster=cluster)
    accounts.add(ADMINISTRATOR, make_password(), superuser=True)
    return accounts


_EVERY_TABLE = (
    "select string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables"
    " where schemaname in ('incoming', 'staging', 'sparkify', 'ledger')"
)


@pytest.fixture(scope="package")
def shared(aws: Emulator, server: str, authority: Authority) -> Iterator[LoopbackCluster]:
    """One prepared cluster for all tests that load nothing into its tables."""
    with make_cluster(aws, server, authority) as made:
        made.warehouse().bootstrap()
        yield made


@pytest.fixture
def ready(shared: LoopbackCluster) -> Iterator[LoopbackCluster]:
    """The shared cluster, its tables and its bucket empty, nothing remembered and nothing going wrong."""
    shared.empty()
    yield shared
    shared.endpoint.before = shared.endpoint.after = None
    shared.state.revoked.clear()
    shared.state.lag = 0
    shared.state.silent.clear()
    shared.state.says = list


@contextmanager
def separate_warehouse(server: str, home: Path) -> Iterator[Callable[[Path], Loader]]:
    """A loader from a folder of files into an embedded database of its own: what the Redshift path is held against."""
    with fresh_database(server) as dsn:
        warehouse = Warehouse(url=dsn, folder=home)
        yield lambda folder: loader_for(warehouse, folder, home)


@pytest.fixture(scope="module")
def expected(server: str, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Digest:
    """D of the sample, which each file has its own of, from files."""
    with separate_warehouse(server, tmp_path_factory.mktemp("expected")) as loader:
        load_all(loader(sample))
        return digest(loader(sample).warehouse)
