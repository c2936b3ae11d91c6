"""What Redshift runs too, but does differently from PostgreSQL, and how the stand-in treats it.

Belongs here: differences of meaning, for docs/redshift.md and its readers; nothing here is looked up at run time. What
is refused by its form is in `portability`.
"""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """What Redshift does, what the embedded warehouse does about it, what our SQL does, and the page of AWS's
    documentation that says so.
    """

    subject: str
    redshift: str
    here: str
    ours: str
    page: str


DIFFERENT: tuple[Difference, ...] = (
    Difference(
        "Keys",
        "PRIMARY KEY, UNIQUE and FOREIGN KEY are not enforced, but the planner trusts them: duplicates mislead it",
        "not enforced either, and not trusted",
        "not declared, so that no check of a key can be planned away; held by `sql/checks/*_keys.sql` inside every"
        " publishing transaction",
        "t_Defining_constraints",
    ),
    Difference(
        "TRUNCATE",
        "commits the transaction that it is in",
        "refused inside a transaction",
        "`delete from`",
        "r_TRUNCATE",
    ),
    Difference(
        "VACUUM, ALTER TABLE APPEND",
        "cannot run inside a transaction",
        "VACUUM is refused inside a transaction; APPEND always",
        "no VACUUM: Redshift sorts and reclaims by itself; ANALYZE after large batches",
        "r_VACUUM_command",
    ),
    Difference(
        "LOCK",
        "keeps readers out too, until the transaction ends; it takes no mode",
        "the same: LOCK without a mode is ACCESS EXCLUSIVE",
        "one table of its own that nobody reads, `ledger.load_lock`, first in every transaction that changes anything",
        "r_LOCK",
    ),
    Difference(
        "Isolation",
        "snapshot for new databases, serializable for older ones; a conflict is error 1023 and ends the transaction",
        "repeatable read, which is the same as snapshot; 40001",
        "the lock lets no conflict arise between loads; what meets one all the same is tried again whole",
        "c_serial_isolation",
    ),
    Difference(
        "VARCHAR(n), CHAR(n)",
        "n counts bytes; CHAR takes ASCII only; VARCHAR alone is VARCHAR(256)",
        "types that count bytes",
        "widths leave room; the quarantine's texts are cut by bytes",
        "r_Character_types",
    ),
    Difference(
        "Trailing blanks",
        "mean nothing in comparisons of VARCHAR",
        "they count, as in PostgreSQL",
        "the same on both: page, auth, level, gender, song_id and artist_id are staged without them, titles and names"
        " are matched and ordered without them (`rtrim`), and of equal values their number decides (`len`)",
        "r_Character_types",
    ),
    Difference(
        "Backslash in a string",
        "is an escape",
        "refused in a literal; parameters are quoted as the server asks",
        "parameters only",
        "r_patternmatching_condition_like",
    ),
    Difference(
        "DECIMAL",
        "without digits is DECIMAL(18,0): fractions are lost",
        "the same",
        "`double precision`, never compared for equality",
        "r_Numeric_types201",
    ),
    Difference(
        "GETDATE()",
        "whole seconds, UTC, without a zone; NOW() runs on the leader node only",
        "the same function; NOW() is refused",
        "times are parameters",
        "r_GETDATE",
    ),
    Difference(
        "Functions of the leader node",
        "fail in a query over user tables",
        "refused",
        "catalog tables are asked by themselves",
        "c_SQL_functions_leader_node_only",
    ),
    Difference(
        "Cursors",
        "one at a time; the whole result lies on the leader node; a single-node cluster gives 1,000 rows at once",
        "as many as you like",
        "`sparkify digest` only: `declare c cursor for`, 1,000 rows at once",
        "declare",
    ),
    Difference(
        "COPY: which objects",
        "a prefix is the beginning of a key, so log_data takes log_data_old too; none found is an error",
        "the same",
        "a manifest that names each object, `mandatory`; the source is listed again before the commit, for a manifest"
        " cannot pin versions",
        "copy-parameters-data-source-s3",
    ),
    Difference(
        "COPY: the client goes away",
        "it goes on, unless it is in a transaction",
        "it ends",
        "always in a transaction; what became of a commit is read from the ledger",
        "copy-usage_notes-multiple-files",
    ),
    Difference(
        "COPY: refused records",
        "up to MAXERROR go to SYS_LOAD_ERROR_DETAIL, which may tell some seconds later",
        "the same view, at once",
        "asked once for a batch, and not at all where COPY says in known words that it refused none; as many as it"
        " refused are waited for, a minute at most; fewer stop the load",
        "SYS_LOAD_ERROR_DETAIL",
    ),
    Difference(
        "COPY: JSON",
        "keys are matched by their case; '' is null in a number; a jsonpaths file without the key jsonpaths is silently"
        " ignored",
        "the same, and such a file is refused",
        "`sql/copy/log_json_path.json` goes with every batch",
        "copy-parameters-data-format",
    ),
    Difference(
        "IDENTITY",
        "gives unique numbers, with gaps, in no order of the files",
        "numbers in order",
        "none: songplay_id is made of the natural key",
        "r_CREATE_TABLE_NEW",
    ),
    Difference(
        "MERGE",
        "with both branches, from a table, one match a row",
        "that form only",
        "none: delete and insert says which rows went and came, and costs less",
        "r_MERGE",
    ),
    Difference(
        "COPY: how many were refused",
        "is said in a notice, whose words may change, and counted by SYS_LOAD_HISTORY",
        "the same words, and the same view",
        "a notice in other words is no count: SYS_LOAD_HISTORY is asked, and without it nothing is loaded",
        "SYS_LOAD_HISTORY",
    ),
    Difference(
        "COPY: more records refused than MAXERROR",
        "100,000 at most, and the COPY fails",
        "the same",
        "the day or prefix is blocked with that reason, the others are loaded",
        "copy-parameters-data-load",
    ),
    Difference(
        "Query ids",
        "the SYS views number a query as its user wrote it (LAST_USER_QUERY_ID()), the STL views as it was rewritten"
        " (PG_LAST_QUERY_ID(), PG_LAST_COPY_ID()); -1 before the first",
        "two ids as well; only a COPY, and the statement after it, has any",
        "both in one statement right after each COPY; the SYS view first, then the STL view",
        "SYS_QUERY_HISTORY",
    ),
    Difference(
        "EXTRACT",
        "an INTEGER but of TIMESTAMPTZ: fractions are lost, division is that of integers, epoch ends in 2038",
        "numeric; epoch and seconds, and what is multiplied or divided, are refused",
        "parts of dates only; times are compared as times",
        "r_EXTRACT_function",
    ),
    Difference(
        "Size of a statement",
        "16 MB at most",
        "the same",
        "rows are inserted in statements of 8 MB at most, as they are sent",
        "c_redshift-sql",
    ),
    Difference(
        "Commits",
        "wait for each other in one queue of the cluster",
        "do not",
        "two a batch, however many files it has (`tests/redshift/transcript.txt`)",
        "r_STL_COMMIT_STATS",
    ),
    Difference(
        "Names",
        "are folded to lower case, quoted too",
        "quoted capitals are refused",
        "lower case",
        "r_names",
    ),
)
