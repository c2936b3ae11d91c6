"""Redshift's session parameters: SET, SHOW and RESET of what PostgreSQL does not have, or has otherwise.

Belongs here: their names and values, as AWS's "Configuration reference" lists them
(https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html). Does not belong here: the search path
(`search_path`), what a parameter brings about.

What PostgreSQL does not have is kept in a parameter `redshift.<name>` of PostgreSQL's, so that SET LOCAL, a rollback
and RESET ALL hold for it. None of these changes what a statement returns here, but for describe_field_name_in_uppercase
at an endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

RELEASE, REVISION = "1.0.77467", "d1b2ad4"  # of the Redshift that this stands for; version() says so, too

#: Those that PostgreSQL does not have, by what they hold; sql/catalog.sql has their defaults.
_SWITCHES = {
    "cast_super_null_on_error", "describe_field_name_in_uppercase", "downcase_delimited_identifier",
    "enable_case_sensitive_identifier", "enable_case_sensitive_super_attribute", "enable_numeric_rounding",
    "enable_result_cache_for_session", "enable_vacuum_boost", "error_on_nondeterministic_update",
    "interval_forbid_composite_literals", "json_serialization_enable", "json_serialization_parse_nested_strings",
    "mv_enable_aqmv_for_session", "navigate_super_null_on_error", "parse_super_null_on_error",
    "pg_federation_repeatable_read", "spectrum_enable_pseudo_columns", "spectrum_enable_spectrum_oid",
}  # fmt: skip
_NUMBERS = {
    "analyze_threshold_percent", "default_geometry_encoding", "max_concurrency_scaling_clusters",
    "max_cursor_result_set_size", "spectrum_query_maxerror", "wlm_query_slot_count",
}  # fmt: skip
OWN = (
    _SWITCHES
    | _NUMBERS
    | {"datashare_break_glass_session_var", "query_group", "stored_proc_log_min_messages"}
)

#: Those that PostgreSQL has, too.
_SHARED = {
    "application_name", "client_encoding", "client_min_messages", "datestyle", "extra_float_digits", "search_path",
    "statement_timeout", "timezone",
}  # fmt: skip
_TRUE = {"on", "true", "yes", "1", "t", "y"}
_FALSE = {"off", "false", "no", "0", "f", "n"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ENCODINGS = {"utf8", "unicode", "default"}


class Invalid(ValueError):
    """A value that a parameter cannot have."""


def stored(name: str) -> str:
    """The name of PostgreSQL's parameter that holds one of Redshift's; empty if Redshift has none of this name."""
    if name in OWN:
        return f"redshift.{name}"
    return name if name in _SHARED or re.fullmatch(r"[a-z_]\w*\.[a-z_]\w*", name) else ""


def rewritten(words: Sequence[str], texts: Sequence[str]) -> str:
    """The statement for PostgreSQL in place of a SET, SHOW or RESET; empty if it runs as it is. `words` are its tokens
    in upper case, empty for a string; `texts` are its tokens. Raises Invalid.
    """
    lower = [text.lower().strip('"') for text in texts]
    if words[0] == "SET" and ("ISOLATION" in words or lower[1:2] == ["default_transaction_isolation"]):
        return _without_isolation(words)
    match words[0], lower[1:]:
        case "SHOW", ["all"]:
            return _show_all()
        case "SHOW", ["search_path"]:
            return "select redshift.shown_path() as search_path"
        case "SHOW", ["server_version"]:
            return "select redshift.current_setting('server_version') as server_version"
        case "SHOW", [name] if name in OWN:
            return f"select redshift.current_setting('{name}') as {name}"
        case "RESET", [name] if name in OWN:
            return f"reset redshift.{name}"
        case "SET", [("session" | "local") as scope, name, "to" | "=", *_] if name != "characteristics":
            return _set(f"set {scope}", name, texts[4:])
        case "SET", ["names", *_]:
            _check_encoding(texts[2:])
        case "SET", [name, "to" | "=", *_]:
            return _set("set", name, texts[3:])
    return ""


def _without_isolation(words: Sequence[str]) -> str:
    """SET [SESSION CHARACTERISTICS AS] TRANSACTION without the level, which has no impact (r_BEGIN)."""
    modes = [mode for before, mode in pairwise(words) if before == "READ" and mode in ("ONLY", "WRITE")]
    if not modes:
        return "set redshift.isolation_level to default"
    session = "session characteristics as " if "CHARACTERISTICS" in words else ""
    return f"set {session}transaction read {modes[0].lower()}"


def _set(begin: str, name: str, value: Sequence[str]) -> str:
    if name == "client_encoding":
        _check_encoding(value)
    if name not in OWN or not value:
        return ""
    plain = "".join(value).strip("'")
    if plain.lower() == "default" and value[0][0] != "'":
        return f"{begin} redshift.{name} to default"
    return f"{begin} redshift.{name} to '{_checked(name, plain)}'"


def _checked(name: str, value: str) -> str:
    """A value as SHOW shows it."""
    lower = value.lower()
    if name in _SWITCHES:
        if lower not in _TRUE | _FALSE:
            raise Invalid(f'parameter "{name}" requires a Boolean value')
        return "on" if lower in _TRUE else "off"
    if name in _NUMBERS and not _NUMBER.fullmatch(value):
        raise Invalid(f'parameter "{name}" requires a numeric value')
    return value


def _check_encoding(value: Sequence[str]) -> None:
    given = re.sub(r"\W|_", "", "".join(value)).lower()
    if given not in _ENCODINGS:
        raise Invalid(f"conversion between {given} and UNICODE is not supported")


def _show_all() -> str:
    """SHOW ALL: the parameters that SET takes, with their values."""
    rows = (
        f"select '{name}' as name, redshift.current_setting('{name}') as setting" for name in OWN | _SHARED
    )
    return " union all ".join(rows) + " order by name"
