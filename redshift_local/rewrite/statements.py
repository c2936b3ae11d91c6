"""Statements that PostgreSQL writes otherwise: DELETE without FROM, #tables, views without binding, SHOW, MERGE.

Belongs here: what the first words of a statement decide. Does not belong here: queries and expressions in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from redshift_local.rewrite.tree import DONE, GROUP, Node, find, render, text

#: What stands before the name of a table.
_BEFORE_TABLE = frozenset(
    "ANALYZE DELETE EXISTS FROM INTO JOIN LIKE LOCK ON ONLY TABLE TO TRUNCATE UPDATE USING VACUUM".split()
)


def replace_statement(nodes: Sequence[Node]) -> list[Node]:
    """The nodes of a whole statement, rewritten by its first words."""
    out = _with_quoted_tables(nodes)
    words = [node.upper for node in out[:6]]
    if words[0] == "DELETE" and words[1:2] != ["FROM"]:
        return [out[0], Node("word", "from", " "), *out[1:]]
    if words[0] == "CREATE" and "VIEW" in words:
        return _view(out)
    if words[0] == "SHOW" and len(words) > 1 and words[1] in _SHOWN:
        return _show(out)
    if words[0] == "MERGE" and [node.upper for node in out[-2:]] == ["REMOVE", "DUPLICATES"]:
        return _merge(out)
    return out


# --- tables whose name begins with # are temporary: r_CREATE_TABLE_NEW ---------------------------------------------


def _with_quoted_tables(nodes: Sequence[Node]) -> list[Node]:
    out: list[Node] = []
    for index, node in enumerate(nodes):
        before = nodes[index - 1] if index else None
        if node.kind == GROUP:
            out.append(Node(GROUP, "", node.gap, _with_quoted_tables(node.children), node.inner_gap))
            continue
        if node.kind != "word" or not node.text.startswith("#"):
            out.append(node)
            continue
        created = before is not None and before.upper in ("TABLE", "EXISTS") and nodes[0].upper == "CREATE"
        if created or (
            before is not None and before.upper == "INTO" and nodes[0].upper in ("SELECT", "WITH")
        ):
            _make_temporary(out, "INTO" if not created else "TABLE")
        qualifies = index + 1 < len(nodes) and nodes[index + 1].upper == "."
        is_table = before is None or before.upper in _BEFORE_TABLE or before.upper == "," or qualifies
        out.append(Node("quoted", f'"{node.text.lower()}"', node.gap) if is_table else node)
    return out


def _make_temporary(out: list[Node], word: str) -> None:
    at = max(index for index, node in enumerate(out) if node.upper == word)
    if word == "INTO":
        out.insert(at + 1, Node("word", "temp", " "))
    elif out[at - 1].upper not in ("TEMP", "TEMPORARY"):
        out.insert(at, Node("word", "temp", " "))


# --- views --------------------------------------------------------------------------------------------------------


def _view(nodes: Sequence[Node]) -> list[Node]:
    """CREATE [MATERIALIZED] VIEW without distribution, sorting, backup and refreshing; late binding is an option, which
    `sql/functions/late_binding.sql` knows.
    """
    out = list(nodes)
    start, end = find(out, "VIEW"), find(out, "AS")
    if [node.upper for node in out[-4:]] == ["WITH", "NO", "SCHEMA", "BINDING"]:
        out = [*out[:end], Node(DONE, "with (security_barrier = false)", " "), *out[end:-4]]
        end += 1
    index = start
    kept: list[Node] = []
    while index < end:
        word = out[index].upper
        following = out[index + 1].upper
        if word in ("BACKUP", "DISTSTYLE"):
            index += 2
        elif word == "AUTO" and following == "REFRESH":
            index += 3
        elif word in ("DISTKEY", "SORTKEY") and out[index + 1].kind == GROUP:
            index += 2
        elif word in ("COMPOUND", "INTERLEAVED"):
            index += 1
        else:
            kept.append(out[index])
            index += 1
    return [*out[:start], *kept, *out[end:]]


# --- SHOW ---------------------------------------------------------------------------------------------------------

#: Of the object that is named behind FROM, its parts in the order of the query, and the column that LIKE compares.
_SHOWN = {
    "TABLES": ("show_tables", "table_name"),
    "SCHEMAS": ("show_schemas", "schema_name"),
    "DATABASES": ("show_databases", "database_name"),
    "COLUMNS": ("show_columns", "column_name"),
}
_PARTS = ("database_name", "schema_name", "table_name")


def _show(nodes: Sequence[Node]) -> list[Node]:
    """SHOW TABLES FROM SCHEMA d.s, COLUMNS FROM TABLE d.s.t, SCHEMAS FROM DATABASE d, DATABASES; LIKE and LIMIT."""
    view, column = _SHOWN[nodes[1].upper]
    conditions = []
    at = find(nodes, "FROM")
    if at > 0:
        names = []
        index = at + 2
        while index < len(nodes) and nodes[index].name:
            names.append(nodes[index].name)
            if index + 1 >= len(nodes) or nodes[index + 1].upper != ".":
                break
            index += 2
        last = {"TABLES": 2, "SCHEMAS": 1, "COLUMNS": 3, "DATABASES": 0}[nodes[1].upper]
        parts = _PARTS[last - len(names) : last]
        literals = [name.replace("'", "''") for name in names]
        conditions = [f"{part} = '{name}'" for part, name in zip(parts, literals, strict=True)]
    if (like := find(nodes, "LIKE")) > 0:
        conditions.append(f"{column} like {text(nodes[like + 1 : like + 2])}")
    where = f" where {' and '.join(conditions)}" if conditions else ""
    limit = find(nodes, "LIMIT")
    behind = render(nodes[limit:]) if limit > 0 else ""
    order = "1, 2, 3, ordinal_position" if view == "show_columns" else "1, 2, 3"
    query = f"select * from redshift_information.{view}{where} order by {order}{behind}"  # noqa: S608 - names are quoted
    return [Node(DONE, query, nodes[0].gap)]


# --- MERGE ... REMOVE DUPLICATES: r_MERGE --------------------------------------------------------------------------


def _merge(nodes: Sequence[Node]) -> list[Node]:
    """Every target row with a match goes, and every source row comes; a target row may have one match only."""
    using, on = find(nodes, "USING"), find(nodes, "ON")
    target = text(nodes[2:using])
    source = text(nodes[using + 1 : on])
    condition = text(nodes[on + 1 : -2])
    name = target.rpartition(".")[2]
    alias = nodes[on - 1].text
    return [
        Node(
            DONE,
            f"with gone as (delete from {target} using {source} where {condition} returning 1)"  # noqa: S608
            f" insert into {target} select {alias}.* from {source} where redshift.single((select max(matches) from"
            f" (select count(*) as matches from {target} inner join {source} on {condition}"
            f" group by {name}.ctid) as counted))",
            nodes[0].gap,
        )
    ]
