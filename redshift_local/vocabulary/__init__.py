"""The words of Redshift's SQL, as AWS documents them, and the functions of PostgreSQL.

Belongs here: lists and their pages. Does not belong here: what follows from a word (`redshift_local.checks`). The files
are written by `make` from the sources of AWS's guide; the types are few, and stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def _lines(name: str) -> list[str]:
    return files(__name__).joinpath(name).read_text("utf-8").split("\n")[:-1]


def _pages(name: str) -> Mapping[str, str]:
    return dict(line.split("\t") for line in _lines(name))


@cache
def functions() -> Mapping[str, str]:
    """Each function that AWS documents, in lower case, with its page."""
    return _pages("functions.tsv")


@cache
def commands() -> Mapping[str, str]:
    """Each SQL command that AWS documents, in upper case, with its page."""
    return _pages("commands.tsv")


@cache
def system_views() -> Mapping[str, str]:
    """Each system table and view that AWS documents, in lower case, with its page."""
    return _pages("system_views.tsv")


@cache
def postgresql_functions() -> frozenset[str]:
    """The functions of PostgreSQL, in lower case."""
    return frozenset(_lines("postgresql_functions.txt"))


@cache
def reserved_words() -> frozenset[str]:
    """The words of r_pg_keywords, in upper case."""
    return frozenset(_lines("reserved_words.txt"))


#: The first word of each type that AWS documents (c_Supported_data_types), with the page of its kind.
TYPES: Mapping[str, str] = {
    word: page
    for page, words in {
        "r_Numeric_types201": "SMALLINT INT2 INTEGER INT INT4 BIGINT INT8 DECIMAL DEC NUMERIC REAL FLOAT4"
        " DOUBLE FLOAT8 FLOAT",
        "r_Character_types": "CHAR CHARACTER NCHAR BPCHAR VARCHAR NVARCHAR TEXT",
        "r_Datetime_types": "DATE TIME TIMETZ TIMESTAMP TIMESTAMPTZ",
        "r_interval_data_types": "INTERVAL",
        "r_Boolean_type": "BOOLEAN BOOL",
        "r_HLLSKTECH_type": "HLLSKETCH",
        "r_SUPER_type": "SUPER",
        "r_VARBYTE_type": "VARBYTE VARBINARY BINARY",
        "geospatial-overview": "GEOMETRY GEOGRAPHY",
    }.items()
    for word in words.split()
}

#: The first words of PostgreSQL's commands: https://www.postgresql.org/docs/current/sql-commands.html. A statement that
#: begins with another is a slip of the pen.
POSTGRESQL_COMMANDS = frozenset(
    "ABORT ALTER ANALYZE ANALYSE BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE"
    " DELETE DISCARD DO DROP END EXECUTE EXPLAIN FETCH GRANT IMPORT INSERT LISTEN LOAD LOCK MERGE MOVE NOTIFY PREPARE"
    " REASSIGN REFRESH REINDEX RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SELECT SET SHOW START TABLE TRUNCATE"
    " UNLISTEN UPDATE VACUUM VALUES WITH".split()
)

#: What can follow CREATE, ALTER or DROP there, besides OR REPLACE and TEMPORARY.
POSTGRESQL_OBJECTS = frozenset(
    "ACCESS AGGREGATE CAST COLLATION CONSTRAINT CONVERSION DATABASE DEFAULT DOMAIN EVENT EXTENSION FOREIGN FUNCTION"
    " GLOBAL GROUP INDEX LANGUAGE LARGE MATERIALIZED OPERATOR OWNED POLICY PROCEDURAL PROCEDURE PUBLICATION RECURSIVE"
    " ROLE ROUTINE RULE SCHEMA SEQUENCE SERVER STATISTICS SUBSCRIPTION SYSTEM TABLE TABLESPACE TEXT TRANSFORM TRIGGER"
    " TRUSTED TYPE UNIQUE UNLOGGED USER VIEW".split()
)
