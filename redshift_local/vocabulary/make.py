"""Write this folder's lists from the sources of AWS's Database Developer Guide, as its archive has them.

    git clone https://github.com/awsdocs/amazon-redshift-developer-guide guide && git -C guide checkout c91fc63
    python -m redshift_local.vocabulary.make guide/doc_source

The archive ends in April 2023. What AWS has documented since then is added here by hand, each name with its page. The
list of PostgreSQL's functions comes from a server of the version that the local Redshift runs on.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2

import redshift_local

FOLDER = Path(__file__).parent

#: Functions on pages that are newer than the archive.
LATER = {
    "r_TRY_CAST": "try_cast",
    "r_DB_COLLATION": "db_collation",
    "r_CURRENT_SESSION_ARN": "current_session_arn",
    "GET_MOUNTED_ROLE": "get_mounted_role",
    "PG_GET_SESSION_ROLES": "pg_get_session_roles",
    "LAST_USER_QUERY_ID": "last_user_query_id",
    "r_object_transform_function": "object_transform",
    "r_lower_attribute_names": "lower_attribute_names",
    "r_upper_attribute_names": "upper_attribute_names",
    "array_contains": "array_contains",
    "array_distinct": "array_distinct",
    "array_except": "array_except",
    "array_intersection": "array_intersection",
    "array_position": "array_position",
    "array_positions": "array_positions",
    "array_sort": "array_sort",
    "array_union": "array_union",
    "arrays_overlap": "arrays_overlap",
    "geospatial-functions": "h3_boundary h3_center h3_fromlonglat h3_frompoint h3_isvalid h3_polyfill h3_resolution"
    " h3_tochildren h3_toparent st_geosquare st_geomfromgeosquare",
    "query-super": "unnest",
}

LATER_COMMANDS = {
    "ALTER EXTERNAL VIEW": "r_ALTER_EXTERNAL_VIEW",
    "ALTER FUNCTION": "r_ALTER_FUNCTION",
    "CREATE EXTERNAL VIEW": "r_CREATE_EXTERNAL_VIEW",
    "DROP EXTERNAL VIEW": "r_DROP_EXTERNAL_VIEW",
    "SHOW COLUMNS": "r_SHOW_COLUMNS",
    "SHOW SCHEMAS": "r_SHOW_SCHEMAS",
    "SHOW TABLES": "r_SHOW_TABLES",
    "USE": "r_USE_command",
}

#: Functions that other pages of the guide than those of functions name.
ELSEWHERE = {
    "r_STDDEV_functions": "stddev stddev_samp stddev_pop",
    "r_VARIANCE_functions": "variance var_samp var_pop",
    "r_CEILING_FLOOR": "ceil ceiling",
    "c_SQL_functions_leader_node_only": "current_schema current_schemas has_database_privilege has_schema_privilege"
    " has_table_privilege age isfinite now getbit get_bit get_byte set_bit set_byte to_ascii",
    "r_SIMILAR_TO": "similar",
    "r_exists_condition": "exists",
    "r_POWER": "power pow",
    "r_GROUP_BY_aggregation-extensions": "grouping grouping_id",
    "r_USER": "user",
}

#: Words of titles, and words before a parenthesis, that are no functions.
_SYNTAX = set(
    "within group over in as values and or order by select from using partition then when end"
    " approximate at case json sql super time varbyte zone".split()
)


def functions(source: Path) -> dict[str, str]:
    """Each function of the guide, in lower case, with its page."""
    found: dict[str, str] = {}
    for page in _pages(source, "c_SQL_functions"):
        if not page.startswith(("r_STL", "r_STV", "r_FORMAT", "r_Numeric", "r_Datep", "r_OPERATOR")):
            text = (source / f"{page}.md").read_text("utf-8")
            for name in {*_titled(text), *_written(text)} - _SYNTAX:
                found.setdefault(name, page)
    for page, names in (*ELSEWHERE.items(), *LATER.items()):
        for name in names.split():
            found.setdefault(name, page)
    return found


def _pages(source: Path, top: str) -> Iterator[str]:
    """The pages of a chapter: those that are listed on its first page, and so on."""
    seen: set[str] = set()
    ahead = [top]
    while ahead:
        page = ahead.pop()
        if page in seen or not (source / f"{page}.md").exists():
            continue
        seen.add(page)
        yield page
        text = (source / f"{page}.md").read_text("utf-8")
        ahead += re.findall(r"^\+ \[[^\]]*\]\(([\w-]+)\.md(?:#[^)]*)?\)", text, re.MULTILINE)


def _titled(text: str) -> Iterator[str]:
    """The names in a page's title: '# LPAD and RPAD functions'."""
    title = text.partition("<a name")[0].lstrip("# ").replace("\\", "")
    for word in re.findall(r"\w+", title):
        if re.fullmatch(r"[A-Z][A-Z0-9_]+|ST_\w+|H3_\w+", word):
            yield word.lower()


def _written(text: str) -> Iterator[str]:
    """The names before a parenthesis in a page's syntax."""
    for section in re.findall(
        r"^## (?:Syntax|Synopsis)[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    ):
        for block in re.findall(r"```(.*?)```", section, re.DOTALL):
            yield from (name.lower() for name in re.findall(r"(?<![\w.*])([A-Za-z]\w*)\*?\s*\(", block))


def reserved(source: Path) -> list[str]:
    """The reserved words, without the two of which the page says that they are none: START and CONNECT."""
    block = (source / "r_pg_keywords.md").read_text("utf-8").split("```")[1]
    return [word for word in block.split() if word not in ("START", "CONNECT")]


def commands(source: Path) -> dict[str, str]:
    """Each SQL command with its page."""
    text = (source / "c_SQL_commands.md").read_text("utf-8")
    found = re.findall(r"^\+ \[([A-Z ]+)\b[^\]]*\]\(([\w-]+)\.md", text, re.MULTILINE)
    return {name.strip(): page for name, page in [*found, *LATER_COMMANDS.items()]}


def system_views(source: Path) -> dict[str, str]:
    """Each system table or view, in lower case, with its page."""
    found = {}
    for path in sorted(source.glob("*.md")):
        title = path.read_text("utf-8").partition("<a name")[0].lstrip("# ").replace("\\", "").strip()
        if re.fullmatch(r"(?:STL|STV|SVL|SVV|SVCS|SYS|PG)_\w+", title) and "function" not in title:
            found[title.lower()] = path.stem
    return found


def postgresql_functions() -> list[str]:
    """The names of the functions that a new database of PostgreSQL has."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            with (
                closing(psycopg2.connect(redshift_local.ensure(folder))) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("select proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace")
                return sorted({name for (name,) in cursor.fetchall()})
        finally:
            redshift_local.stop(folder)


def main(source: Path) -> None:
    """Write the lists."""
    _write("reserved_words.txt", reserved(source))
    _write("functions.tsv", [f"{name}\t{page}" for name, page in sorted(functions(source).items())])
    views = [
        f"{name}\t{page}" for name, page in system_views(source).items() if name not in functions(source)
    ]
    _write("system_views.tsv", sorted(views))
    _write("commands.tsv", [f"{name}\t{page}" for name, page in sorted(commands(source).items())])
    _write("postgresql_functions.txt", postgresql_functions())


def _write(name: str, lines: list[str]) -> None:
    (FOLDER / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
