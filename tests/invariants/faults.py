"""Every kind of fault that a file can have, and what has to become of its records.

What is expected of each follows from Redshift's documentation of COPY:
https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html (records, white space, 4 MB),
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html ('' and blanks in numbers).
"""

# ruff: noqa: E501 - one fault a line
from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.invariants.world import START, lines, play, song

A, B, C = (json.dumps(play(START + n)) for n in range(3))


@dataclass(frozen=True)
class Fault:
    """A file and what has to become of it: rows staged, and rejects by the line that the record ends on (None: the
    whole object) with a word of the reason. `values` are columns of its one staged row."""

    content: bytes
    staged: int
    rejects: dict[int | None, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def text(*parts: str) -> bytes:
    return "\n".join(parts).encode()


def one(**changes: Any) -> bytes:
    """A file of one play, changed."""
    return lines([play(START) | changes])


def raw(field_name: str, value: str) -> bytes:
    """A file of one play with a value as JSON text."""
    return re.sub(rf'("{field_name}": )("[^"]*"|[^,}}]*)', lambda m: m[1] + value, A).encode()


NOT_JSON = r"JSON|object"
NO_GZIP = r"unreadable object.*(gzip|CRC|compress|end)"

EVENTS: dict[str, Fault] = {
    # the object as a whole
    "no bytes": Fault(b"", 0),
    "only white space": Fault(b" \n\t\r\n\n", 0),
    "no last line break": Fault(text(A, B), 2),
    "blank lines between": Fault(text("", A, "", "  ", B, "", ""), 2),
    "CRLF": Fault(f"{A}\r\n{B}\r\n".encode(), 2),
    "CR alone between records": Fault(f"{A}\r{B}\r".encode(), 2),
    "byte order mark": Fault(b"\xef\xbb\xbf" + text(A, "junk", B), 2, {2: NOT_JSON}),
    "nothing but a byte order mark": Fault(b"\xef\xbb\xbf", 0),
    "a byte order mark within": Fault(A.encode() + b"\n\xef\xbb\xbf" + B.encode(), 2, {2: "byte order mark"}),
    "UTF-16": Fault(A.encode("utf-16"), 0, {None: "UTF-16"}),
    "UTF-16, its bytes the other way round": Fault("\ufeff".encode("utf-16-be") + A.encode("utf-16-be"), 0, {None: "UTF-16"}),
    "UTF-16 without a byte order mark": Fault(A.encode("utf-16-le"), 0, {None: "UTF-16"}),
    "UTF-32": Fault(A.encode("utf-32"), 0, {None: "UTF-32"}),
    "UTF-32 without a byte order mark": Fault(A.encode("utf-32-be"), 0, {None: "UTF-32"}),
    "gzip that its key does not name": Fault(gzip.compress(text(A, "junk", B)), 2, {2: NOT_JSON}),
    "gzip that its key does not name, cut off": Fault(gzip.compress(text(A, B, C))[:-30], 0, {None: NO_GZIP}),
    "a zip archive": Fault(b"PK\x03\x04\x14\0" + A.encode(), 0, {None: "zip"}),
    "an HTML error page": Fault(text("<html>", "<p>503 Slow Down</p>", "</html>", A), 1, dict.fromkeys((1, 2, 3), NOT_JSON)),
    "CSV": Fault(text("artist,auth", "Ana,Logged In"), 0, dict.fromkeys((1, 2), NOT_JSON)),
    "binary": Fault(bytes(range(256)).replace(b"\n", b"").replace(b"{", b"").replace(b"[", b"") + b"\n" + A.encode(), 1, {1: NOT_JSON}),
    # records
    "pretty-printed": Fault(json.dumps(play(START), indent=4).encode() + b"\n" + json.dumps(play(START + 1), indent=1).encode(), 2),
    "several on a line": Fault(f"{A} {B}{C}\t".encode(), 3),
    "truncated at the end": Fault(text(A, B[:60]), 1, {2: NOT_JSON}),
    "truncated in the middle": Fault(text(A, B[:60], C), 2, {2: NOT_JSON}),
    "cut in a text": Fault(text(A, B[: B.index("Ana") + 1], C), 2, {2: NOT_JSON}),
    "one array of records": Fault(f"[{A}, {B}]".encode(), 0, {1: NOT_JSON}),
    "records with commas between": Fault(f"{A},\n{B}".encode(), 2, {1: NOT_JSON}),
    "an array for a record": Fault(text(A, "[1, 2]", B), 2, {2: NOT_JSON}),
    "a number for a record": Fault(text(A, "42", B), 2, {2: NOT_JSON}),
    "a text for a record": Fault(text(A, '"text"', B), 2, {2: NOT_JSON}),
    "null for a record": Fault(text(A, "null", B), 2, {2: NOT_JSON}),
    "junk before a record on its line": Fault(text("junk " + A, B), 2, {1: NOT_JSON}),
    "junk behind a record on its line": Fault(text(A + " junk", B), 2, {1: NOT_JSON}),
    "a comment": Fault(text("// a comment", A), 1, {1: NOT_JSON}),
    "single quotes": Fault(text(repr(play(START)), A), 1, {1: NOT_JSON}),
    "a comma too many": Fault(text(A[:-1] + ",}", B), 1, {1: NOT_JSON}),
    "a bracket too many": Fault(text(A + "}", B), 2, {1: NOT_JSON}),
    "an empty record": Fault(text("{}", A), 1, {1: "none of the expected fields.*no keys"}),
    "none of the fields": Fault(text(A, f'{{"Records": [{A}, {B}]}}'), 1, {2: "none of the expected fields.*its keys are Records"}),
    "nothing but nulls": Fault(lines([dict.fromkeys(play(START))]), 0, {1: "none of the expected fields has a value$"}),
    "nothing but blanks in a number": Fault(text('{"userId": " ", "ts": "", "length": ""}', A), 1, {1: "none of the expected fields"}),
    "an empty text and nothing else": Fault(text("{}", '{"artist": ""}', '{"length": 0}', "{}"), 2, dict.fromkeys((1, 4), "none of the expected fields")),
    "all keys in capitals": Fault(text(json.dumps({k.upper(): v for k, v in play(START).items()})), 0, {1: "only when case is ignored: ARTIST, AUTH, .*; expected artist, auth, "}),
    "all keys in lower case": Fault(text(json.dumps({k.lower(): v for k, v in play(START).items()})), 0, {1: "play without user; keys match only when case is ignored: .*userid; expected .*userId"}),
    "a record of more than 4 MB": Fault(text(A, json.dumps(play(START + 1, extra="x" * (4 << 20))), C), 2, {2: "4 ?MB"}),
    "a record of nearly 4 MB": Fault(text(A, json.dumps(play(START + 1, extra="x" * ((4 << 20) - 900))), C), 3),
    "five megabytes of junk in a line": Fault(b"x" * (5 << 20) + b"\n" + A.encode(), 1, {1: NOT_JSON}),
    "nested deep": Fault(text(A, '{"extra": ' + "[" * 20_000 + "]" * 20_000 + "}", B), 2, {2: NOT_JSON}),
    "twenty faults, more than a fifth but of many": Fault(text(*[A] * 5, *["junk"] * 2), 5, {6: NOT_JSON, 7: NOT_JSON}),
    # text
    "invalid UTF-8": Fault(A.encode().replace(b"Leeds", b"L\xffeds"), 0, {1: "UTF-8|JSON"}),
    "half a character at the end of a text": Fault(A.encode().replace(b"Leeds", b"Leed\xc3"), 0, {1: "UTF-8|JSON"}),
    "NUL as a byte": Fault(A.replace("Leeds", "L\0eds").encode(), 0, {1: NOT_JSON}),
    "NUL as an escape": Fault(raw("location", r'"L\u0000eds"'), 0, {1: "UTF-8"}),
    "half a surrogate pair": Fault(raw("location", r'"L\ud83deds"'), 0, {1: "JSON|UTF-8|surrogate"}),
    "a surrogate pair": Fault(raw("location", r'"\ud83c\udfb5"'), 1, {}, {"location": "🎵"}),
    "escapes": Fault(raw("location", r'"\/\"\\\b\f\n\r\t\u00e9"'), 1, {}, {"location": '/"\\\b\f\n\r\té'}),
    "what COPY's own formats treat": Fault(raw("location", r'"\\N \\. \\t null \",\""'), 1, {}, {"location": r'\N \. \t null ","'}),
    "a text that is null in capitals": Fault(one(location="null", artist=r"\N"), 1, {}, {"location": "null", "artist": r"\N"}),
    "end of data as a text": Fault(one(location="\\."), 1, {}, {"location": "\\."}),
    "line separators": Fault(one(location="a\u2028b\u0085c"), 1, {}, {"location": "a\u2028b\u0085c"}),
    "emptiness": Fault(one(location="", artist=" "), 1, {}, {"location": "", "artist": " "}),
    "too long in bytes": Fault(text(json.dumps(play(START, artist="é" * 513), ensure_ascii=False), B), 1, {1: "length"}),
    "as long as can be, in bytes": Fault(one(artist="é" * 512), 1, {}, {"artist": "é" * 512}),
    "a number for a text": Fault(one(location=15), 1, {}, {"location": "15"}),
    "true for a text": Fault(one(location=True), 1, {}, {"location": "true"}),
    "an object for a text": Fault(raw("location", '{"a": [1, "b"]}'), 1),
    "backslashes at the end": Fault(one(location="\\", artist="\\\\", userAgent='"\\'), 1, {}, {"location": "\\", "artist": "\\\\"}),
    # keys
    "a key twice": Fault(A.replace('"level": ', '"level": "paid", "level": ').encode(), 1, {}, {"level": "free"}),
    "a key in other case": Fault(A.replace("userId", "userid").encode(), 0, {1: "^play without user; keys match only when case is ignored: userid; expected userId$"}),
    "a key that is not known": Fault(one(extra={"a": 1}), 1),
    "keys in another order": Fault(lines([dict(reversed(play(START).items()))]), 1),
    # numbers
    "user ''": Fault(text(json.dumps(play(START, userId="")), B), 1, {1: "without user"}),
    "user of blanks": Fault(one(userId="  "), 0, {1: "without user"}),
    "user null": Fault(one(userId=None), 0, {1: "without user"}),
    "no user": Fault(lines([{k: v for k, v in play(START).items() if k != "userId"}]), 0, {1: "without user"}),
    "session null": Fault(one(sessionId=None), 0, {1: "without session"}),
    "item null": Fault(one(itemInSession=None), 0, {1: "without item"}),
    "time null": Fault(one(ts=None), 0, {1: "without time"}),
    "not logged in": Fault(one(auth="Logged Out"), 0, {1: "logged in"}),
    "a user with blanks around, not logged in": Fault(one(userId=" 15 ", auth=None), 0, {1: "logged in"}),
    "a user with a plus, not logged in": Fault(one(userId="+15", auth=None), 0, {1: "logged in"}),
    "a user with leading zeros, not logged in": Fault(one(userId="0015", auth=None), 0, {1: "logged in"}),
    "no user on another page": Fault(one(page="Home", userId=""), 1, {}, {"user_id": None}),
    "a time as text": Fault(one(ts=str(START)), 1, {}, {"ts": START}),
    "a time as a fraction": Fault(raw("ts", f"{START}.0"), 0, {1: "digit"}),
    "a time in words": Fault(one(ts="yesterday"), 0, {1: "digit"}),
    "a time before 1970": Fault(one(ts=-1), 1, {}, {"ts": -1}),
    "a time before the year 1": Fault(one(ts=-62_135_596_800_001), 0, {1: "years"}),
    "a time at the end of 9999": Fault(one(ts=253_402_300_799_999), 1, {}, {"ts": 253_402_300_799_999}),
    "a time behind 9999": Fault(one(ts=253_402_300_800_000), 0, {1: "years"}),
    "a time that no integer holds": Fault(raw("ts", "9223372036854775808"), 0, {1: "[Oo]verflow"}),
    "an integer of thirty digits": Fault(raw("sessionId", "9" * 30), 0, {1: "[Oo]verflow"}),
    "the greatest integer": Fault(raw("sessionId", "9223372036854775807"), 1, {}, {"session_id": 2**63 - 1}),
    "a status that no integer holds": Fault(one(status=2**31), 0, {1: "[Oo]verflow"}),
    "an exponent for an integer": Fault(raw("status", "2e2"), 0, {1: "digit"}),
    "an integer in hexadecimal": Fault(one(userId="0x1F"), 0, {1: "digit"}),
    "an integer with underscores": Fault(one(userId="1_000"), 0, {1: "digit"}),
    "an integer in Arabic digits": Fault(one(userId="١٢"), 0, {1: "digit"}),
    "true for an integer": Fault(one(userId=True), 0, {1: "digit"}),
    "a list for an integer": Fault(one(userId=[1]), 0, {1: "digit"}),
    "NaN": Fault(raw("length", "NaN"), 0, {1: NOT_JSON}),
    "Infinity": Fault(raw("length", "-Infinity"), 0, {1: NOT_JSON}),
    "a float that is too great": Fault(raw("length", "1e400"), 0, {1: "range|Overflow|JSON"}),
    "a float of seventeen digits": Fault(raw("length", "0.30000000000000004"), 1, {}, {"length": 0.30000000000000004}),
    "minus zero": Fault(raw("length", "-0.0"), 1, {}, {"length": 0.0}),
    "a float in words": Fault(one(length="long"), 0, {1: "Value 'long'"}),
    "leading zeros": Fault(raw("status", "0200"), 0, {1: NOT_JSON}),
    "a record delivered twice": Fault(text(A, A), 2),
    "two alike without user": Fault(text(*[json.dumps(play(START, userId=""))] * 2), 0, dict.fromkeys((1, 2), "user")),
    "two alike without user, one with a status in words": Fault(
        text(json.dumps(play(START, userId="", status="x")), json.dumps(play(START, userId=""))),
        0,
        {1: "digit", 2: "without user"},
    ),
    "two alike without user, one without more": Fault(
        text(json.dumps(play(START, userId="", page="Home")), "x", json.dumps(play(START, userId=""))),
        1,
        {2: NOT_JSON, 3: "without user"},
    ),
}  # fmt: skip

PACKED: dict[str, Fault] = {
    "gzip": Fault(gzip.compress(text(A, "junk", B)), 2, {2: NOT_JSON}),
    "gzip of nothing": Fault(gzip.compress(b""), 0),
    "gzip in two members": Fault(gzip.compress(text(A, "")) + gzip.compress(text(B)), 2),
    "gzip with zeros behind": Fault(gzip.compress(text(A)) + bytes(512), 1),
    "gzip of no bytes": Fault(b"", 0, {None: NO_GZIP}),
    "gzip of a byte order mark": Fault(gzip.compress(b"\xef\xbb\xbf" + text(A, "junk", B)), 2, {2: NOT_JSON}),
    "gzip of a byte order mark, cut off": Fault(gzip.compress(b"\xef\xbb\xbf" + text(A, B, C))[:-30], 0, {None: NO_GZIP}),
    "gzip of UTF-16": Fault(gzip.compress(A.encode("utf-16")), 0, {None: "UTF-16"}),
    "gzip cut off": Fault(gzip.compress(text(A, B, C))[:-30], 0, {None: NO_GZIP}),
    "gzip without its last byte": Fault(gzip.compress(text(A, B, C))[:-1], 0, {None: NO_GZIP}),
    "gzip with a wrong CRC": Fault(gzip.compress(text(A))[:-8] + b"\0\0\0\0" + gzip.compress(text(A))[-4:], 0, {None: NO_GZIP}),
    "gzip with a byte flipped": Fault(gzip.compress(text(A))[:40] + b"\xff\xff" + gzip.compress(text(A))[42:], 0, {None: NO_GZIP}),
    "gzip with junk behind": Fault(gzip.compress(text(A)) + b"junk", 0, {None: NO_GZIP}),
    "gzip twice": Fault(gzip.compress(gzip.compress(b"x", 0, mtime=0)), 0, {None: NO_GZIP}),
    "no gzip at all": Fault(text(A), 0, {None: NO_GZIP}),
}  # fmt: skip

S, T, U = (json.dumps(song(song_id=f"SO{n}")) for n in range(3))
SONGS: dict[str, Fault] = {
    "no bytes": Fault(b"", 0),
    "only white space": Fault(b" \n", 0),
    "several": Fault(text(S, T, U), 3),
    "several on a line": Fault(f"{S} {T}{U}".encode(), 3),
    "pretty-printed": Fault(json.dumps(song(), indent=4).encode().replace(b"\n", b"\r\n") + b"\n", 1),
    "byte order mark": Fault(b"\xef\xbb\xbf" + text(S, "junk", T), 2, {2: NOT_JSON}),
    "UTF-16": Fault(S.encode("utf-16"), 0, {None: "UTF-16"}),
    "gzip that its key does not name": Fault(gzip.compress(text(S, T)), 2),
    "one array of records": Fault(f"[{S}, {T}]".encode(), 0, {1: NOT_JSON}),
    "junk": Fault(text("junk", S), 1, {1: NOT_JSON}),
    "truncated": Fault(text(S, T[:40]), 1, {2: NOT_JSON}),
    "an empty record": Fault(text("{}", S), 1, {1: "without song_id; it has no keys"}),
    "none of the fields": Fault(text(S, f'{{"Records": [{S}]}}'), 1, {2: "without song_id; its keys are Records"}),
    "keys in other case": Fault(text(S.replace("song_id", "Song_Id"), S), 1, {1: "^song without song_id; keys match only when case is ignored: Song_Id; expected song_id$"}),
    "no song_id": Fault(text(S, json.dumps(song(song_id=""))), 1, {2: "without song_id"}),
    "two alike without song_id": Fault(text("{}", S, "{}"), 1, dict.fromkeys((1, 3), "without song_id")),
    "no artist_id": Fault(text(json.dumps(song(artist_id=None)), S), 1, {1: "without artist_id"}),
    "too long in bytes": Fault(text(json.dumps(song(title="é" * 513)), S), 1, {1: "length"}),
    "a number for a title": Fault(lines([song(title=7)]), 1, {}, {"title": "7"}),
    "a year in words": Fault(text(S, json.dumps(song(year="old"))), 1, {2: "digit"}),
    "a year that no integer holds": Fault(lines([song(year=2**31)]), 0, {1: "[Oo]verflow"}),
    "NaN": Fault(S.replace("100.0", "NaN").encode(), 0, {1: NOT_JSON}),
    "NUL as an escape": Fault(S.replace("Sun", r"S\u0000n").encode(), 0, {1: "UTF-8"}),
    "invalid UTF-8": Fault(S.encode().replace(b"Sun", b"S\xffn"), 0, {1: "UTF-8|JSON"}),
    "keys of the loader's own": Fault(lines([song(song_prefix="ZZ", batch_id="other")]), 1, {}, {"title": "Sun"}),
    "a key twice": Fault(S.replace('"year": ', '"year": 5, "year": ').encode(), 1, {}, {"year": 0}),
    "a record of more than 4 MB": Fault(text(S, json.dumps(song(song_id="SO8", extra="x" * (4 << 20)))), 1, {2: "4 ?MB"}),
}  # fmt: skip
SONGS_PACKED = {
    "gzip": Fault(gzip.compress(text(S, T)), 2),
    "gzip cut off": Fault(gzip.compress(text(S, T))[:-12], 0, {None: NO_GZIP}),
    "no gzip at all": Fault(text(S), 0, {None: NO_GZIP}),
    "gzip of no bytes": Fault(b"", 0, {None: NO_GZIP}),
    "gzip of a byte order mark": Fault(gzip.compress(b"\xef\xbb\xbf" + text(S, T)), 2),
}
