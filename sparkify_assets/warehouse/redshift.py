"""Redshift as the warehouse, a cluster or a workgroup: connections with verified TLS and credentials made by the API.

Belongs here: what only Redshift needs before the first statement. Does not: what a URL says (`address`), how the two
kinds find their endpoint and credentials (`provisioned`, `serverless`), transactions (`transaction`), what an error
means (`errors`), making the warehouse (`sparkify_assets.infra`).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection

from sparkify_assets.model import queries
from sparkify_assets.warehouse import errors
from sparkify_assets.warehouse.address import Address
from sparkify_assets.warehouse.provisioned import Provisioned
from sparkify_assets.warehouse.serverless import Serverless
from sparkify_assets.warehouse.service import Credentials, Found, Log, Service, failing_plainly

#: A COPY may send nothing for minutes, and firewalls on the way drop idle connections
#: (https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-drop-issues.html).
KEEPALIVES: Mapping[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 6,
}


@dataclass
class Redshift:
    """One warehouse on AWS, for as many connections as a process needs. `log` receives a line for each wait."""

    url: str
    log: Log

    def __post_init__(self) -> None:
        self.address = Address.of(self.url)
        kind = Serverless if self.address.scheme == "redshift-serverless" else Provisioned
        self.service: Service = kind(self.address, self.log)
        self._credentials: Credentials | None = None
        self._guard = threading.Lock()

    def find(self) -> Found:
        """The warehouse as AWS describes it, once it accepts connections. Raises ClusterError."""
        with failing_plainly(self.service.title, self.address.region):
            return self.service.available()

    def loader(self) -> str:
        """The database user that owns and loads the tables. Raises ClusterError."""
        with failing_plainly(self.service.title, self.address.region):
            return self.service.loader()

    def connect(self) -> Connection:
        """Open a new session with verified TLS. Raises ClusterError."""
        found = self.find()
        credentials, remembered = self._login()
        try:
            try:
                connection = self._open(found, credentials)
            except psycopg2.OperationalError as error:
                if not (remembered and errors.action_of(error) == "login"):
                    raise
                self._credentials = None  # revoked before they expired, so try once more with new ones
                connection = self._open(found, self._login()[0])
        except psycopg2.Error as error:
            raise errors.ClusterError(errors.line(error), transient=errors.is_retryable(error)) from None
        return connection

    def endpoint(self) -> Found:
        """The warehouse as AWS describes it now, with an endpoint; a paused one stays paused. Raises ClusterError."""
        with failing_plainly(self.service.title, self.address.region):
            found = self.service.described()
        if not found.host:
            raise errors.ClusterError(f"{self.service.title} is {found.status} and has no endpoint yet")
        return found

    def reader(self) -> Credentials:
        """New credentials of somebody who only reads, once the warehouse accepts connections. Raises ClusterError."""
        self.find()
        with failing_plainly(self.service.title, self.address.region):
            return self.service.reader()

    def _login(self) -> tuple[Credentials, bool]:
        """Credentials for a session, and whether an earlier session used them."""
        with self._guard:
            if self._credentials and self._credentials.fresh:
                return self._credentials, True
            with failing_plainly(self.service.title, self.address.region):
                self._credentials = self.service.credentials()
            return self._credentials, False

    def _open(self, found: Found, credentials: Credentials) -> Connection:
        address = self.address
        connection: Connection = psycopg2.connect(
            host=found.host,
            hostaddr=_numeric(address.host or found.host),
            port=address.port or found.port,
            dbname=address.database,
            user=credentials.user,
            password=credentials.password,
            sslmode="verify-full",
            sslrootcert=certificates(address.sslrootcert),
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


def _numeric(host: str) -> str:
    """The numeric address of a host, so that TLS can be checked against another name."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise errors.ClusterError(
            f"{host} has no address here: {error.strerror or error}", transient=True
        ) from None


def certificates(named: str | None) -> str:
    """The file of trusted certificates: the given one, or the public ones that botocore ships, which include the Amazon
    Trust Services roots that sign Redshift's certificates
    (https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html).
    """
    import botocore

    path = Path(named).expanduser() if named else Path(botocore.__file__).with_name("cacert.pem")
    if not path.is_file():
        raise errors.ClusterError(f"sslrootcert {path}: there is no such file")
    return str(path)
