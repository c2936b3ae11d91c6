"""How a client logs in to a Redshift that takes a password, in the words of each tool.

Belongs here: what is pasted into a tool. Does not belong here: serving (`serve`), logging in without a password.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class Paste:
    """What is pasted into one tool: `title` names the tool and what it needs, `text` is taken as it is."""

    title: str
    text: str


@dataclass(frozen=True)
class Login:
    """Where it is served, and who logs in; `sslrootcert` is the file with the authority that a client has to trust."""

    host: str
    port: int
    database: str
    user: str
    password: str
    sslrootcert: str

    def as_json(self) -> str:
        """One line of JSON, for scripts."""
        return json.dumps(asdict(self))

    def pastes(self, query: str) -> Mapping[str, Paste]:
        """What each tool is given, by the tool's name; `query` is what the examples ask."""
        return {
            "psql": Paste("psql, and whatever else stands on libpq", self._psql()),
            "pandas": Paste("pandas in Python or a notebook, by SQLAlchemy", self._pandas(query)),
            "redshift-connector": Paste(
                "redshift_connector, AWS's own driver for Python", self._redshift_connector(query)
            ),
            "jdbc": Paste("JDBC: Amazon Redshift's driver 2.x, or PostgreSQL's", self._jdbc()),
            "dbeaver": Paste("DBeaver, from its command line", self._dbeaver()),
            "dbt": Paste("dbt-redshift: ~/.dbt/profiles.yml", self._dbt()),
            "superset": Paste("Superset and other tools on SQLAlchemy: their URI", self._sqlalchemy()),
        }

    @property
    def _address(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"

    def _psql(self) -> str:
        libpq = f"host={self.host} port={self.port} dbname={self.database} user={self.user}"
        trusted = f"sslmode=verify-full sslrootcert='{self.sslrootcert}'"
        return f"PGPASSWORD={shlex.quote(self.password)} psql {_in_quotes(f'{libpq} {trusted}')}"

    def _sqlalchemy(self) -> str:
        account = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        tls = urlencode({"sslmode": "verify-full", "sslrootcert": self.sslrootcert}, safe="/")
        return f"redshift+psycopg2://{account}@{self._address}?{tls}"

    def _pandas(self, query: str) -> str:
        return _lines(
            "# pip install pandas sqlalchemy-redshift 'sqlalchemy<2.1' psycopg2-binary",
            "import pandas",
            "from sqlalchemy import create_engine",
            "",
            "engine = create_engine(",
            f"    {self._sqlalchemy()!r}",
            ")",
            f"print(pandas.read_sql({query!r}, engine))",
        )

    def _redshift_connector(self, query: str) -> str:
        return _lines(
            "# pip install redshift_connector",
            "import os",
            "",
            f"os.environ['SSL_CERT_FILE'] = {self.sslrootcert!r}  # the driver has no parameter for it",
            "import redshift_connector",
            "",
            "connection = redshift_connector.connect(",
            f"    host={self.host!r}, port={self.port}, database={self.database!r},",
            f"    user={self.user!r}, password={self.password!r}, sslmode='verify-full',",
            ")",
            f"print(connection.cursor().execute({query!r}).fetchall())",
        )

    def _jdbc(self) -> str:
        """https://docs.aws.amazon.com/redshift/latest/mgmt/jdbc20-build-connection-url.html and
        https://jdbc.postgresql.org/documentation/use/, whose driver takes no encoding by Redshift's name, UNICODE,
        unless it is told to.
        """
        amazon = {"UID": self.user, "PWD": self.password, "ssl": "true"}
        postgresql = {"user": self.user, "password": self.password, "allowEncodingChanges": "true"}
        tls = {"sslmode": "verify-full", "sslrootcert": self.sslrootcert}
        return _lines(
            f"jdbc:redshift://{self._address};{_joined(amazon | tls, ';')}",
            f"jdbc:postgresql://{self._address}?{_joined(postgresql | tls, '&')}",
        )

    def _dbeaver(self) -> str:
        """https://github.com/dbeaver/dbeaver/wiki/Command-Line: its parts are separated by |, which nothing escapes."""
        parts = {
            "name": self.database.capitalize(),
            "driver": "postgres-redshift-jdbc",
            "host": self.host,
            "port": str(self.port),
            "database": self.database,
            "user": self.user,
            "password": self.password,
            "savePassword": "true",
            "prop.ssl": "true",
            "prop.sslmode": "verify-full",
            "prop.sslrootcert": self.sslrootcert,
            "create": "true",
            "save": "true",
            "openConsole": "true",
        }
        taken = {
            name: value for name, value in parts.items() if "|" not in value
        }  # else the dialog asks for it
        return "dbeaver -con " + _in_quotes("|".join(f"{name}={value}" for name, value in taken.items()))

    def _dbt(self) -> str:
        """https://docs.getdbt.com/docs/core/connect-data-platform/redshift-setup."""
        return _lines(
            "# dbt-redshift trusts the certificate that this variable of its environment names:",
            f"#   export SSL_CERT_FILE={shlex.quote(self.sslrootcert)}",
            f"{self.database}:",
            "  target: local",
            "  outputs:",
            "    local:",
            "      type: redshift",
            f"      host: {self.host}",
            f"      port: {self.port}",
            f"      dbname: {json.dumps(self.database)}",
            "      schema: dbt",
            f"      user: {json.dumps(self.user)}",
            f"      password: {json.dumps(self.password)}",
            "      sslmode: verify-full",
        )


def _lines(*lines: str) -> str:
    return "\n".join(lines)


def _joined(named: Mapping[str, str], separator: str) -> str:
    return separator.join(f"{name}={quote(value)}" for name, value in named.items())


def _in_quotes(text: str) -> str:
    """A word of a shell, in double quotes, which people know from psql."""
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'
