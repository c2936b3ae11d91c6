"""What has to be asked of the database before a statement may run.

Belongs here: questions whose answer decides whether a statement is Redshift's. Does not belong here: what a text alone
tells (`dialect`, `checks`).
"""

from __future__ import annotations

from psycopg2.extensions import cursor as PlainCursor

from redshift_local.tokens import DOCUMENTATION, NotPortable

_OWN_FUNCTION = """
    select 1 from pg_catalog.pg_proc
    where proname = %s and pronamespace not in ('pg_catalog'::regnamespace, 'redshift'::regnamespace)
"""


def has_function(cursor: PlainCursor, name: str) -> bool:
    """Whether the user has a function of that name, beside PostgreSQL's."""
    cursor.execute(_OWN_FUNCTION, (name,))
    return bool(cursor.fetchall())


_COLUMN = """
    select format_type(atttypid, null) ~ '^(redshift[.])?varchar|^character varying|^text', atthasdef
    from pg_catalog.pg_attribute
    where attrelid = to_regclass(%s) and attname = %s and not attisdropped
"""


def check_size_can_change(cursor: PlainCursor, table: str, column: str) -> None:
    """Raise NotPortable unless ALTER COLUMN TYPE can change the column: r_ALTER_TABLE."""
    cursor.execute(_COLUMN, (table, column))
    for is_text, has_default in cursor.fetchall():
        if not is_text or has_default:
            what = "a default" if is_text else "another type than VARCHAR"
            raise NotPortable(
                f"ALTER COLUMN TYPE: {column} has {what}; Redshift changes only the size of a VARCHAR without one."
                f" {DOCUMENTATION}r_ALTER_TABLE.html"
            )
