"""How a client logs in to Redshift on AWS without a password: by IAM, in the words of each tool.

Somebody who reads logs in to a cluster as a user in the group of readers, and to a workgroup, which takes no user, as
the user that belongs to the IAM identity (docs/redshift.md).

Belongs here: what is pasted into a tool. Does not: logging in by a password (`redshift_local.login`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redshift_local.login import Paste
from sparkify_assets.warehouse.address import READER, READERS, Address


@dataclass(frozen=True)
class IamLogin:
    """A warehouse on AWS: what its URL says of it, and where it is reached."""

    address: Address
    host: str
    port: int

    def pastes(self, query: str) -> Mapping[str, Paste]:
        """What each tool is given, by the tool's name; `query` is what the examples ask."""
        return {
            "psql": Paste(
                "psql, with a password of an hour that is made now",
                'eval "$(sparkify connect --psql --password)"',
            ),
            "pandas": Paste("pandas in Python or a notebook, by redshift_connector", self._pandas(query)),
            "redshift-connector": Paste(
                "redshift_connector, AWS's own driver for Python", self._redshift_connector(query)
            ),
            "jdbc": Paste("JDBC, with Amazon Redshift's driver 2.x and AWS's SDK beside it", self._jdbc()),
            "dbeaver": Paste("DBeaver, from its command line", self._dbeaver()),
            "dbt": Paste("dbt-redshift: ~/.dbt/profiles.yml", self._dbt()),
            "superset": Paste("Superset: the URI, and below it Engine parameters (Advanced, Other)", self._superset()),
        }  # fmt: skip

    @property
    def _user(self) -> dict[str, Any]:
        """What redshift_connector is told of who logs in."""
        if self.address.scheme == "redshift-serverless":
            return {"is_serverless": True, "serverless_work_group": self.address.name}
        if self.address.login == "iam":
            return {"cluster_identifier": self.address.name, "group_federation": True}
        return {
            "cluster_identifier": self.address.name,
            "db_user": READER,
            "db_groups": [READERS],
            "auto_create": True,
        }

    @property
    def _parameters(self) -> dict[str, Any]:
        """https://github.com/aws/amazon-redshift-python-driver/blob/master/README.rst, Connection Parameters."""
        region = {"region": self.address.region} if self.address.region else {}
        where = {"host": self.host, "port": self.port, "database": self.address.database}
        return {"iam": True, **region, **where, **self._user, "sslmode": "verify-full"}

    def _connected(self) -> str:
        parameters = "".join(f"    {name}={value!r},\n" for name, value in self._parameters.items())
        return (
            "import redshift_connector\n\n"
            "connection = redshift_connector.connect(  # AWS's credentials are those of boto3\n"
            f"{parameters})\n"
        )

    def _pandas(self, query: str) -> str:
        return (
            "# pip install redshift_connector pandas\n"
            f"{self._connected()}"
            f"print(connection.cursor().execute({query!r}).fetch_dataframe())"
        )

    def _redshift_connector(self, query: str) -> str:
        return (
            "# pip install redshift_connector\n"
            f"{self._connected()}"
            f"print(connection.cursor().execute({query!r}).fetchall())"
        )

    def _jdbc(self) -> str:
        """https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-configure-jdbc-odbc.html."""
        user = f"DbUser={READER};DbGroups={READERS};AutoCreate=true;" if "db_user" in self._user else ""
        if self._user.get("group_federation"):
            user = "GroupFederation=true;"
        address = f"{self.host}:{self.port}/{self.address.database}"
        return f"jdbc:redshift:iam://{address};{user}ssl=true;sslmode=verify-full"

    def _dbeaver(self) -> str:
        """https://github.com/dbeaver/dbeaver/wiki/Command-Line."""
        name = self.address.database.capitalize()
        return (
            f'dbeaver -con "name={name}|driver=postgres-redshift-jdbc|url={self._jdbc()}'
            '|create=true|save=true|openConsole=true"'
        )

    def _dbt(self) -> str:
        """https://docs.getdbt.com/docs/core/connect-data-platform/redshift-setup."""
        profile: dict[str, Any] = {
            "type": "redshift",
            "method": "iam" if "db_user" in self._user else "iam_role",
            "host": self.host,
            "port": self.port,
            "dbname": self.address.database,
            "schema": "dbt",
        }
        if self.address.region:
            profile["region"] = self.address.region
        if "cluster_identifier" in self._user:
            profile["cluster_id"] = self.address.name
        else:
            profile |= self._user
        if "db_user" in self._user:
            profile |= {"user": READER, "db_groups": [READERS], "autocreate": True}
        profile["sslmode"] = "verify-full"
        lines = "".join(f"      {name}: {json.dumps(value)}\n" for name, value in profile.items())
        return f"{self.address.database}:\n  target: aws\n  outputs:\n    aws:\n{lines}".rstrip("\n")

    def _superset(self) -> str:
        """https://superset.apache.org/docs/databases/redshift/."""
        return "redshift+redshift_connector://\n" + json.dumps({"connect_args": self._parameters})
