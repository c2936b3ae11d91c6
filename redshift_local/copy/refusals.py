"""Why a column does not take a value, in the codes and words of Redshift's load errors.

The codes: https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html. Belongs here: the text of a
refusal. Does not belong here: which values are refused (`convert`, and the server), who keeps the errors (`rejects`).
"""

from __future__ import annotations

import re

from redshift_local.copy.columns import Column


class Refused(ValueError):
    """A value that a column cannot take; `position` is where in the value, from 0."""

    def __init__(
        self, code: int, reason: str, column: Column | None = None, value: str = "", position: int = 0
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.column = column
        self.value = value
        self.position = position


#: Numbers as COPY reads them: no hexadecimal digits, no underscores, no names such as NaN.
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
INTEGER = re.compile(r"[-+]?[0-9]+")

#: How err_reason names a type; Integer is in the sample of r_STL_LOAD_ERRORS, the others go by it.
_NAMES = {
    "int2": "Short", "int4": "Integer", "int8": "Long", "float4": "Float", "float8": "Double", "numeric": "Decimal",
}  # fmt: skip


def refusal(column: Column, value: str) -> Refused:
    """Why the column does not take this text."""
    name = _NAMES.get(column.type, column.type)
    match column.kind:
        case "text" if column.length is not None and len(value.encode()) > column.length:
            return Refused(1204, "String length exceeds DDL length", column, value)
        case "text":
            at, invalid = next(
                ((i, c.encode().hex(" ")) for i, c in enumerate(value) if ord(c) > 127), (0, "")
            )
            hint = "Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: "
            return Refused(1220, hint + invalid, column, value, at)
        case "integer" if INTEGER.fullmatch(value):
            return Refused(1222, f"Overflow, Value '{value}', Type: {name}", column, value)
        case "integer":
            at, digit = next(((i, c) for i, c in enumerate(value) if c not in "-+0123456789"), (0, value[:1]))
            reason = f"Invalid digit, Value '{digit}', Pos {at}, Type: {name}"
            return Refused(1207, reason, column, value, at)
        case "float":
            return Refused(1208, f"Invalid or out of range, Value '{value}', Type: {name}", column, value)
        case "decimal" if not NUMBER.fullmatch(value):
            return Refused(1209, f"Invalid number, Value '{value}', Type: {name}", column, value)
        case "decimal":
            return Refused(1204, f"Overflow, Value '{value}', Type: {name}", column, value)
        case "boolean":
            return Refused(1210, f"Invalid boolean, Value '{value}'", column, value)
        case "date":
            return Refused(1205, "Invalid Date Format - length must be 10 or more", column, value)
    return Refused(1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]", column, value)


def no_utf_8(column: Column, value: bytes) -> Refused | None:
    """What is wrong with the bytes of a value as UTF-8; None if nothing is.

    The numbers of the errors: https://docs.aws.amazon.com/redshift/latest/dg/multi-byte-character-load-errors.html.
    """
    try:
        value.decode()
    except UnicodeDecodeError as error:
        bad = value[error.start : error.end]
        text = value.decode(errors="replace")
        position = len(value[: error.start].decode())
        if column.type == "char":
            hint = "Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: "
            return Refused(1220, hint + bad.hex(" "), column, text, position)
        reason = "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: "
        number = _utf_8_error(bad[0], value[error.end : error.end + 1], error.reason)
        return Refused(1220, f"{reason}{bad.hex(' ')} (error {number})", column, text, position)
    return None


def _utf_8_error(lead: int, following: bytes, reason: str) -> int:
    if 0xF8 <= lead <= 0xFD:
        return 1  # longer than four bytes
    if reason == "unexpected end of data":
        return 2
    if reason == "invalid continuation byte":
        return 5 if lead == 0xED and b"\xa0" <= following <= b"\xbf" else 4  # 5: a surrogate
    if 0xF5 <= lead <= 0xF7:
        return 8  # beyond the last code point
    return 9 if lead in (0xC0, 0xC1) else 3  # 9: no code point is written so
