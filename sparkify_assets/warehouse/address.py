"""What SPARKIFY_WAREHOUSE says of a warehouse on AWS.

    redshift://cluster-identifier/database?region=us-west-2[&option=value…]
    redshift-serverless://workgroup/database?region=us-west-2[&option=value…]

Belongs here: the two forms of the URL, their options, and what is wrong with one. Does not: asking AWS (`service`).

The options have the names that dagster-aws's RedshiftClientResource gives them, if it has them. That resource itself is
not used, because it commits on exceptions, has no transactions that span several calls, and binds no parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sparkify_assets.warehouse.errors import ClusterError

#: The database user that owns and loads the tables of a cluster; `sparkify tables bootstrap` creates it.
LOADER = "sparkify_loader"

#: Who only reads: a user of this name, in the group that sql/access/reader.sql makes.
READER, READERS = "analyst", "sparkify_reader"

#: Who changes rows of the local warehouse, when that is served.
EDITOR = "editor"

Scheme = Literal["redshift", "redshift-serverless"]
Login = Literal["user", "iam", "secret"]

#: What a URL looks like.
FORMS: Mapping[str, str] = {
    "redshift": "redshift://cluster-identifier/database?region=us-west-2",
    "redshift-serverless": "redshift-serverless://workgroup/database?region=us-west-2",
}

_OF_BOTH = ("region", "login", "host", "port", "sslrootcert", "statement_timeout", "connect_timeout")

#: Which options each has. Nobody chooses the database user of a workgroup, and nothing resumes one.
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "redshift": (*_OF_BOTH, "user", "resume"),
    "redshift-serverless": (*_OF_BOTH, "role"),
}

#: How a session may log in; the first is the default.
_LOGINS: Mapping[str, tuple[Login, ...]] = {
    "redshift": ("user", "iam", "secret"),
    "redshift-serverless": ("iam", "secret"),
}


@dataclass(frozen=True)
class Address:
    """What the URL says. `name` is the cluster's identifier or the workgroup's name.

    `login` says how a session logs in: `user` as the database user named `user`, `iam` as the user that belongs to the
    IAM identity, `secret` as the administrator, with the secret that Redshift manages (for the one-time bootstrap).
    `role` is the ARN of the role that is assumed before, so that everybody who loads is the same user. `host` and
    `port` are what to connect to if that is not the warehouse's own endpoint but, for instance, a forwarded port; the
    certificate is still checked against the endpoint's name. `sslrootcert` is a file of trusted certificates. The
    timeouts are in seconds. `resume` says whether a paused cluster is resumed.
    """

    scheme: Scheme
    name: str
    database: str
    login: Login
    region: str | None = None
    user: str = LOADER
    role: str | None = None
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
        form = FORMS.get(parts.scheme, FORMS["redshift"])
        if parts.scheme not in FORMS or not parts.hostname or not database or "/" in database:
            raise ClusterError(f"{url}: not of the form {form}")
        if parts.username or parts.password:
            raise ClusterError(f"{parts.scheme}:// takes no user and no password: credentials come from IAM")
        options = _OPTIONS[parts.scheme]
        values: dict[str, Any] = {"login": _LOGINS[parts.scheme][0]}
        for name, text in parse_qsl(parts.query, keep_blank_values=True):
            if name not in options:
                raise ClusterError(f"{url}: there is no option {name}; there are {', '.join(options)}")
            values[name] = _option(parts.scheme, name, text)
        return cls(parts.scheme, parts.hostname, database, **values)  # type: ignore[arg-type]


def on_aws(url: str) -> bool:
    """Whether a URL names a warehouse on AWS."""
    return urlsplit(url).scheme in FORMS


def with_options(url: str, **options: str) -> str:
    """The URL with some of its options replaced."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **options})))


def _option(scheme: str, name: str, text: str) -> Any:
    allowed = {"login": _LOGINS[scheme], "resume": ("yes", "no")}.get(name)
    if allowed and text not in allowed:
        raise ClusterError(f"{scheme}://…?{name}={text}: takes {' or '.join(allowed)}")
    if name == "resume":
        return text == "yes"
    if name in ("port", "statement_timeout", "connect_timeout"):
        if not text.isdecimal():
            raise ClusterError(f"{scheme}://…?{name}={text}: takes a whole number")
        return int(text)
    if not text:
        raise ClusterError(f"{scheme}://…?{name}=: takes a value")
    return text
