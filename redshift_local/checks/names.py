"""Names: reserved words that PostgreSQL takes as names, and names that are too long.

Belongs here: where a word is used as a name. Does not belong here: the words (`redshift_local.vocabulary`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from redshift_local.checks import scope
from redshift_local.portability import Rule
from redshift_local.vocabulary import TYPES, reserved_words

RESERVED = Rule("reserved word as a name", "", "another name, or the word in double quotes", "r_pg_keywords")
LONG = Rule(
    "name of more than 63 bytes", "", "a shorter name (Redshift allows 127 bytes)", "r_names", absent=True
)

#: Reserved words that PostgreSQL takes as names. The others it refuses itself.
TAKEN = frozenset(
    "AES128 AES256 ALLOWOVERWRITE AZ64 BACKUP BETWEEN BLANKSASNULL BYTEDICT BZIP2 CREDENTIALS CURRENT_USER_ID DEFLATE"
    " DEFRAG DELTA DELTA32K DISABLE EMPTYASNULL ENABLE ENCODE ENCRYPT ENCRYPTION EXPLICIT GLOBALDICT256 GLOBALDICT64K"
    " GZIP IDENTITY IGNORE INTERVAL LANGUAGE LUN LUNS LZO LZOP MINUS MOSTLY16 MOSTLY32 MOSTLY8 NEW NULLS OFF OFFLINE"
    " OID OLD OPEN PARALLEL PARTITION PERCENT PERMISSIONS PIVOT RAW READRATIO RECOVER REJECTLOG RESORT RESPECT RESTORE"
    " SNAPSHOT SYSDATE SYSTEM TAG TDES TEXT255 TEXT32K TIMESTAMP TOP TRUNCATECOLUMNS UNNEST UNPIVOT WALLET"
    " WITHOUT".split()
)

#: Reserved words that PostgreSQL takes as the name of a column of the result without AS, beside those it always takes.
_LABELS = (
    reserved_words()
    - TAKEN
    - frozenset("END ASC DESC ISNULL NOTNULL NULL TRUE FALSE AND OR IS IN NOT LIKE ILIKE SIMILAR".split())
)

#: Values that need no parentheses; only as the name of something they are refused.
_VALUES = {"SYSDATE", "CURRENT_USER_ID", "OID"}

_NAMES_FOLLOW = {"ADD", "COLUMN", "EXISTS", "INTO", "TABLE", "TO", "UPDATE", "VIEW"}

_CHECKED = set("SELECT WITH INSERT UPDATE DELETE MERGE CREATE ALTER DECLARE EXPLAIN PREPARE".split())


def reserved(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """Each reserved word that is used as a name, unquoted, where PostgreSQL would take it."""
    if words[0] not in _CHECKED or (words[0] in ("CREATE", "ALTER") and not _defines(words)):
        return
    if TAKEN.isdisjoint(words) and _LABELS.isdisjoint(words):
        return
    within = scope.clauses(words)
    columns = _end_of_columns(words)
    for index, word in enumerate(words):
        in_columns = index < columns
        if (
            (word in TAKEN and _is_name(words, within, index, in_columns))
            or (in_columns and words[index - 1] == "TABLE" and word in reserved_words())
            or (in_columns and word in _KEYS and _is_column(words, index))
            or (word in _LABELS and _is_label(words, within, index))
        ):
            yield RESERVED._replace(construct=f"the reserved word {word} as a name"), index


def _defines(words: Sequence[str]) -> bool:
    """Whether a definition is one of a table or view of the database."""
    return not {"TABLE", "VIEW"}.isdisjoint(words[1:5]) and "EXTERNAL" not in words[1:3]


def _end_of_columns(words: Sequence[str]) -> int:
    """The index after the columns that a statement defines; 0 if it defines none."""
    if words[0] not in ("CREATE", "ALTER") or "TABLE" not in words[1:4]:
        return 0
    queries = (
        i for i in range(len(words) - 1) if words[i] == "AS" and words[i + 1] in ("SELECT", "WITH", "(")
    )
    return next(queries, len(words))


def _is_name(words: Sequence[str], within: Sequence[str], index: int, in_columns: bool) -> bool:
    before, word, after = (words[i] if 0 <= i < len(words) else "" for i in (index - 1, index, index + 1))
    if before == "." or (word == "PARTITION" and before in ("ADD", "DROP", "EXISTS") and after == "("):
        return False
    if before == "AS" and within[index] != "FROM":
        return False  # a label, or the type of a cast
    if before in _NAMES_FOLLOW or (in_columns and before in ("(", ",")):
        return True
    if word in _VALUES:
        return _follows_operand(words, index)
    if in_columns and word in ("TIMESTAMP", "INTERVAL"):
        return False  # the type of a column
    if words[index - 2 : index] == ["CONVERT", "("]:
        return False
    return not _is_keyword(before, word, after)


_KEYS = {"PRIMARY", "FOREIGN", "UNIQUE", "CONSTRAINT", "REFERENCES", "LIKE"}


def _is_column(words: Sequence[str], index: int) -> bool:
    """Whether a word that may begin a table's key is the name of a column."""
    if words[0] != "CREATE" or words[index - 1] not in ("(", ","):
        return False
    after, next_but_one = words[index + 1], words[index + 2 : index + 3]
    match words[index]:
        case "PRIMARY" | "FOREIGN":
            return after != "KEY"
        case "UNIQUE":
            return after != "("
        case "CONSTRAINT":
            return next_but_one not in (["PRIMARY"], ["FOREIGN"], ["UNIQUE"], ["CHECK"])
        case "LIKE":
            return after in TYPES
        case _:
            return True


def _is_keyword(before: str, word: str, after: str) -> bool:
    """Whether a word of TAKEN is Redshift's keyword between the two words beside it."""
    match word:
        case "BETWEEN":
            return before not in ("SELECT", ",", "(", "BY")
        case "TIMESTAMP" | "INTERVAL":
            return before in ("::", "AS") or after[:1] in ("'", "%") or after in _AFTER_TIME
        case "PARTITION":
            return after in ("BY", "(")
        case "TOP":
            return before in ("SELECT", "DISTINCT", "ALL") and (after == "(" or after[:1].isdigit())
        case "IGNORE" | "RESPECT":
            return after == "NULLS"
        case "NULLS":
            return before in ("IGNORE", "RESPECT", "INCLUDE", "EXCLUDE") or after in ("FIRST", "LAST")
        case "MINUS":
            return after in ("SELECT", "(", "ALL", "WITH")
        case "PIVOT" | "UNPIVOT":
            return after in ("(", "INCLUDE", "EXCLUDE") or before in ("FROM", ",")
        case "UNNEST":
            return after == "("
        case "IDENTITY":
            return before not in ("(", ",", "SELECT", "TABLE", "FROM", "COLUMN", "ADD", "TO")
        case "OFF":
            return before == "SECURITY"
        case "ENCODE":
            return after == "(" or after[:1].isalpha()
        case "BACKUP":
            return after in ("YES", "NO")
        case "WITHOUT":
            return after in ("TIME", "HOLD")
        case _:
            return before == "ENCODE"


_AFTER_TIME = {"WITH", "WITHOUT", "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"}


def _is_label(words: Sequence[str], within: Sequence[str], index: int) -> bool:
    """Whether a word names a column of the result without AS."""
    return (
        within[index] == "SELECT"
        and _follows_operand(words, index)
        and (index + 1 == len(words) or words[index + 1] in (",", "FROM"))
    )


def _follows_operand(words: Sequence[str], index: int) -> bool:
    """Whether the word before is the end of an expression."""
    before = words[index - 1] if index else ""
    if not re.fullmatch(r"\w+|'.*'|\".*\"|\)", before):
        return False
    return before not in reserved_words() and before not in ("SELECT", "BY", "SET")


def long(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """Each name that PostgreSQL would cut, so that two of them could become one."""
    for index, word in enumerate(words):
        if len(word) > 15 and len(word.strip('"').encode()) > 63 and (word[0] == '"' or word[0].isalpha()):
            yield LONG, index
