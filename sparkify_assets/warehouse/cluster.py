"""A Redshift cluster as the warehouse: its address, its endpoint, temporary credentials, and connections to it.

    redshift://cluster-identifier/database?region=us-west-2[&option=value…]

Belongs here: what only Redshift needs before the first statement. Does not: transactions (`transaction`), what an error
means (`errors`), pausing and resuming (`cluster_state`), making the cluster (`sparkify_assets.infra`).

No password is written anywhere: AWS's credentials come from boto3's own chain, and the database's are made by the API,
last an hour, and stay in this process. Every load connects as one database user, whatever the IAM role, so that laptop
and server own the same tables. The options have the names that dagster-aws's RedshiftClientResource gives them, if it
has them. That resource itself is not used, because it commits on exceptions, has no transactions that span several
calls, and binds no parameters.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg2
from psycopg2.extensions import connection as Connection

from sparkify_assets.model import queries
from sparkify_assets.warehouse import cluster_state, errors
from sparkify_assets.warehouse.cluster_state import Cluster

#: The database user that owns and loads the tables; `sparkify tables bootstrap` creates it.
LOADER = "sparkify_loader"

#: How many seconds temporary credentials are valid: the maximum of the API
#: (https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html). An open session outlives
#: them; only a new session needs new ones.
CREDENTIALS_SECONDS = 3600

#: Credentials that expire sooner than this are renewed before they are used.
CREDENTIALS_MARGIN = timedelta(minutes=5)

#: A COPY may send nothing for minutes, and firewalls on the way drop idle connections
#: (https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-drop-issues.html).
KEEPALIVES: Mapping[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 6,
}

Login = Literal["user", "iam", "secret"]


@dataclass(frozen=True)
class Address:
    """What the URL says.

    `login` says how a session logs in: `user` as the database user named `user`, `iam` as the user that belongs to the
    IAM identity (for analysts), `secret` as the administrator, with the secret that the cluster manages (for the
    one-time bootstrap). `host` and `port` are what to connect to if that is not the cluster's own endpoint but, for
    instance, a forwarded port; the certificate is still checked against the cluster's name. `sslrootcert` is a file of
    trusted certificates. The timeouts are in seconds. `resume` says whether a paused cluster is resumed.
    """

    cluster: str
    database: str
    region: str | None = None
    user: str = LOADER
    login: Login = "user"
    host: str | None = None
    port: int | None = None
    sslrootcert: str | None = None
    statement_timeout: int = 3600
    connect_timeout: int = 10
    resume: bool = True

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a URL. Raises ClusterError for one that cannot be used."""
        parts = urlsplit(url)
        database = parts.path.strip("/")
        if parts.scheme != "redshift" or not parts.hostname or not database or "/" in database:
            raise errors.ClusterError(
                f"{url}: not of the form redshift://cluster-identifier/database?region=us-west-2"
            )
        if parts.username or parts.password:
            raise errors.ClusterError("redshift:// takes no user and no password: credentials come from IAM")
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        values: dict[str, Any] = {}
        for name, text in given.items():
            if name not in _OPTIONS:
                raise errors.ClusterError(
                    f"{url}: there is no option {name}; there are {', '.join(_OPTIONS)}"
                )
            values[name] = _option(name, text)
        return cls(parts.hostname, database, **values)


_OPTIONS = (
    "region", "user", "login", "host", "port", "sslrootcert", "statement_timeout", "connect_timeout", "resume",
)  # fmt: skip


def with_options(url: str, **options: str) -> str:
    """The URL with some of its options replaced."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **options})))


def _option(name: str, text: str) -> Any:
    allowed = {"login": get_args(Login), "resume": ("yes", "no")}.get(name)
    if allowed and text not in allowed:
        raise errors.ClusterError(f"redshift://…?{name}={text}: takes {' or '.join(allowed)}")
    if name == "resume":
        return text == "yes"
    if name in ("port", "statement_timeout", "connect_timeout"):
        if not text.isdecimal():
            raise errors.ClusterError(f"redshift://…?{name}={text}: takes a whole number")
        return int(text)
    if not text:
        raise errors.ClusterError(f"redshift://…?{name}=: takes a value")
    return text


@dataclass(frozen=True)
class Credentials:
    """A database user with a password that expires. Their text never holds the password."""

    user: str
    password: str = field(repr=False)
    until: datetime

    @property
    def fresh(self) -> bool:
        """Whether they are valid long enough to open another session."""
        return datetime.now(UTC) + CREDENTIALS_MARGIN < self.until


@dataclass
class RedshiftCluster:
    """One cluster, for as many connections as a process needs. `log` receives a line for each wait."""

    url: str
    log: Callable[[str], None]

    def __post_init__(self) -> None:
        self.address = Address.of(self.url)
        self._credentials: Credentials | None = None
        self._guard = threading.Lock()

    def connect(self) -> Connection:
        """Open a new session with verified TLS. Raises ClusterError."""
        cluster = self._available()
        credentials, remembered = self._login(cluster)
        try:
            try:
                connection = self._open(cluster, credentials)
            except psycopg2.OperationalError as error:
                if not (remembered and errors.action_of(error) == "login"):
                    raise
                self._credentials = None  # revoked before they expired, so try once more with new ones
                connection = self._open(cluster, self._login(cluster)[0])
        except psycopg2.Error as error:
            raise errors.ClusterError(errors.line(error), transient=errors.is_retryable(error)) from None
        return connection

    def _open(self, cluster: Cluster, credentials: Credentials) -> Connection:
        address = self.address
        connection: Connection = psycopg2.connect(
            host=cluster.host,
            hostaddr=_numeric(address.host or cluster.host),
            port=address.port or cluster.port,
            dbname=address.database,
            user=credentials.user,
            password=credentials.password,
            sslmode="verify-full",
            sslrootcert=_certificates(address.sslrootcert),
            gssencmode="disable",
            connect_timeout=address.connect_timeout,
            application_name="sparkify",
            **KEEPALIVES,
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in queries.statements("redshift/session"):
                    cursor.execute(statement, {"statement_timeout_ms": address.statement_timeout * 1000})
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    def _available(self) -> Cluster:
        """The cluster, once it accepts connections."""
        address = self.address
        with _failing_plainly(address):
            cluster = cluster_state.find_cluster(address.cluster, address.region)
            if cluster is None:
                raise errors.ClusterError(f"there is no cluster {address.cluster}")
            if cluster.without_nodes:
                cluster = self._resumed(cluster)
        if not cluster.host:
            raise errors.ClusterError(
                f"cluster {address.cluster} is {cluster.status} and has no endpoint yet"
            )
        return cluster

    def _resumed(self, cluster: Cluster) -> Cluster:
        if cluster.paused and not self.address.resume:
            raise errors.ClusterError(
                f"cluster {cluster.identifier} is {cluster.status}, and resume=no:"
                " `sparkify infra resume` resumes it"
            )
        self.log(f"Cluster {cluster.identifier} is {cluster.status}; resuming it, which takes some minutes.")
        return cluster_state.resume(cluster, self.log)

    def _login(self, cluster: Cluster) -> tuple[Credentials, bool]:
        """Credentials for a session, and whether an earlier session used them."""
        with self._guard:
            if self._credentials and self._credentials.fresh:
                return self._credentials, True
            with _failing_plainly(self.address):
                self._credentials = self._new_credentials(cluster)
            return self._credentials, False

    def _new_credentials(self, cluster: Cluster) -> Credentials:
        address = self.address
        if address.login == "secret":
            return self._managed_secret(cluster)
        asked = {
            "ClusterIdentifier": address.cluster,
            "DbName": address.database,
            "DurationSeconds": CREDENTIALS_SECONDS,
        }
        client = self._client("redshift")
        if address.login == "iam":
            answer = client.get_cluster_credentials_with_iam(**asked)
        else:
            answer = client.get_cluster_credentials(**asked, DbUser=address.user, AutoCreate=False)
        return Credentials(answer["DbUser"], answer["DbPassword"], answer["Expiration"])

    def _managed_secret(self, cluster: Cluster) -> Credentials:
        if not cluster.secret_arn:
            raise errors.ClusterError(
                f"cluster {self.address.cluster} has no managed secret: login=secret needs one"
            )
        secret = json.loads(
            self._client("secretsmanager").get_secret_value(SecretId=cluster.secret_arn)["SecretString"]
        )
        # The secret may be rotated, so it is read again after a while.
        until = datetime.now(UTC) + timedelta(seconds=CREDENTIALS_SECONDS)
        return Credentials(secret["username"], secret["password"], until)

    def _client(self, service: str) -> Any:
        import boto3  # here, because it takes a quarter of a second that only Redshift needs

        return boto3.client(service, region_name=self.address.region)  # type: ignore[call-overload]


@contextmanager
def _failing_plainly(address: Address) -> Iterator[None]:
    """Turn an error of AWS's API into a ClusterError of one line."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        where = f"cluster {address.cluster}" + (f" in {address.region}" if address.region else "")
        raise errors.ClusterError(f"{where}: AWS: {errors.line(error)}", transient=True) from None


def _numeric(host: str) -> str:
    """The numeric address of a host, so that TLS can be checked against another name."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise errors.ClusterError(
            f"{host} has no address here: {error.strerror or error}", transient=True
        ) from None


def _certificates(named: str | None) -> str:
    """The file of trusted certificates: the given one, or the public ones that botocore ships, which include the Amazon
    Trust Services roots that sign Redshift's certificates
    (https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html).
    """
    import botocore

    path = Path(named).expanduser() if named else Path(botocore.__file__).with_name("cacert.pem")
    if not path.is_file():
        raise errors.ClusterError(f"sslrootcert {path}: there is no such file")
    return str(path)
