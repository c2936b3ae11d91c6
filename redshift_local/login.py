"""How a client logs in to a local Redshift that is served, in the words of each tool.

Belongs here: lines to paste. Does not belong here: serving (`serve`).
"""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from urllib.parse import quote, urlencode


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

    def as_text(self, query: str) -> str:
        """For each tool what it needs; `query` is what the examples ask."""
        return "\n".join(
            f"\n{tool}\n" + "\n".join(f"  {line}" for line in lines)
            for tool, lines in self._lines(query).items()
        )

    def _lines(self, query: str) -> dict[str, list[str]]:
        libpq = f"host={self.host} port={self.port} dbname={self.database} user={self.user}"
        tls = {"sslmode": "verify-full", "sslrootcert": self.sslrootcert}
        account = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        address = f"{self.host}:{self.port}/{self.database}"
        named = f"host={self.host!r}, port={self.port}, database={self.database!r}, user={self.user!r}"
        trusted = f"sslmode=verify-full sslrootcert='{self.sslrootcert}'"
        return {
            "psql": [f"PGPASSWORD={shlex.quote(self.password)} psql " + _in_quotes(f"{libpq} {trusted}")],
            "SQLAlchemy (sqlalchemy-redshift, or postgresql+psycopg2:// without it)": [
                f"redshift+psycopg2://{account}@{address}?{urlencode(tls, safe='/')}"
            ],
            "redshift_connector, which trusts what SSL_CERT_FILE names": [
                f"import os; os.environ['SSL_CERT_FILE'] = {self.sslrootcert!r}",
                "import redshift_connector",
                f"connection = redshift_connector.connect({named}, password={self.password!r})",
            ],
            "a notebook": [
                "import pandas, psycopg2",
                f"connection = psycopg2.connect({named}, password={self.password!r},",
                f"                              sslmode='verify-full', sslrootcert={self.sslrootcert!r})",
                f"pandas.read_sql({query!r}, connection)",
            ],
            f"dbt: ~/.dbt/profiles.yml, with SSL_CERT_FILE={shlex.quote(self.sslrootcert)} in its environment": [
                "local:",
                "  target: dev",
                "  outputs:",
                f"    dev: {{type: redshift, host: {self.host}, port: {self.port}, dbname: {self.database},",
                f"          schema: public, user: {self.user}, password: {json.dumps(self.password)}}}",
            ],
            "JDBC (Amazon Redshift's driver, 2.x)": [
                f"jdbc:redshift://{address};UID={self.user};PWD={quote(self.password, safe='')};ssl=true;"
                f"sslmode=verify-full;sslrootcert={quote(self.sslrootcert)}"
            ],
        }


def _in_quotes(text: str) -> str:
    """A word of a shell, in double quotes, which people know from psql."""
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'
