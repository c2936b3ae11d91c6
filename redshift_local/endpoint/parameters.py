"""The parameters of a session as a client gives them at its start, and as the server reports them.

Belongs here: which are taken, and what Redshift says of them. Does not belong here: SET and SHOW
(`redshift_local.parameters`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from redshift_local import parameters
from redshift_local.endpoint import wire
from redshift_local.endpoint.refusal import Refusal

#: What Redshift reports and PostgreSQL changes; AWS does not list them, its drivers and others read them.
_REPORTED = {
    "application_name", "client_encoding", "DateStyle", "integer_datetimes", "is_superuser", "server_encoding",
    "session_authorization", "TimeZone",
}  # fmt: skip
#: What is always the same. asyncpg tells Redshift by padb_revision. standard_conforming_strings is not one of them: a
#: backslash in a string is an escape there.
_FIXED = {"server_version": "8.0.2", "padb_revision": parameters.REVISION, "padb_version": parameters.RELEASE}

#: What drivers tell of themselves, and what leads to the database; no settings of the session.
_TOLD = {
    "user", "database", "replication", "options", "client_protocol_version", "driver_version", "os_version",
    "driver_discovery_version", "plugin_name", "idp_type", "provider_name", "identity_namespace", "token_type",
    "idc_client_display_name",
}  # fmt: skip


def statuses(values: Mapping[str, str]) -> bytes:
    """ParameterStatus for those of PostgreSQL's parameters that Redshift reports."""
    return b"".join(
        wire.message(b"S", name, "UNICODE" if name.endswith("_encoding") and value == "UTF8" else value)
        for name, value in values.items()
        if name in _REPORTED
    )


def first_statuses(value: Callable[[str], str | None], changed: Mapping[str, str]) -> bytes:
    """ParameterStatus for everything that Redshift reports at the start of a session: PostgreSQL's `value` of each,
    unless it has `changed` since.
    """
    known = {name: told for name in sorted(_REPORTED) if (told := changed.get(name, value(name))) is not None}
    return statuses(known) + b"".join(wire.message(b"S", *item) for item in _FIXED.items())


_OPTION = re.compile(r"(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)\s*", re.DOTALL)


def options(given: Mapping[str, str]) -> str:
    """What libpq's `options` need for the start-up parameters that a client has given. Raises Refusal, as PostgreSQL
    does, for a parameter that Redshift does not have.
    """
    named = {
        name: value for name, value in given.items() if name not in _TOLD and not name.startswith("_pq_.")
    }
    told = given.get("options", "").strip()
    if rest := _OPTION.sub("", told):
        raise Refusal("42601", f"invalid command-line argument for server process: {rest.split()[0]}")
    named |= {name.replace("-", "_"): re.sub(r"\\(.)", r"\1", value) for name, value in _OPTION.findall(told)}
    return " ".join(_setting(name.lower(), value) for name, value in named.items())


def _setting(name: str, value: str) -> str:
    if name == "client_encoding":
        if re.sub(r"\W|_", "", value).lower() not in ("utf8", "unicode"):
            raise Refusal("22023", f"conversion between {value} and UNICODE is not supported")
        value = "UTF8"
    elif not (stored := parameters.stored(name)):
        raise Refusal("42704", f'unrecognized configuration parameter "{name}"')
    else:
        name = stored
    escaped = re.sub(r"([\\\s])", r"\\\1", value)
    return f"-c {name}={escaped}"
