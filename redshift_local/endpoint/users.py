"""CREATE USER, ALTER USER and CREATE GROUP as Redshift has them, written for PostgreSQL, and the rule for passwords.

Belongs here: pure functions from text to text. Does not belong here: who may log in (`accounts`).

PostgreSQL's CREATEROLE stands for Redshift's superuser, who may make users; the rights over what users own come from
being a member of SUPERUSER, which is a member of every other user and group. A password leaves as its digest, so that
no log and no view of statements holds it.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence

from redshift_local.endpoint import wire
from redshift_local.endpoint.refusal import Refusal
from redshift_local.tokens import DOCUMENTATION, Token, split, tokens

#: The role whose members are the superusers of Redshift: sql/roles.sql.
SUPERUSER = "redshift_superuser"

_PAGE = f"{DOCUMENTATION}r_CREATE_USER.html"
_TRIGGER = re.compile(r"\b(?:create|alter)\s+(?:user|group)\b", re.IGNORECASE)

#: r_CREATE_USER: "8 to 64 characters in length ... at least one
#: uppercase letter, one lowercase letter, and one number"; printable ASCII but ' " \ / @
_FORBIDDEN = "'\"\\/@"


def fault_of_password(password: str) -> str:
    """Why Redshift takes no such password; '' if it does."""
    if not 8 <= len(password) <= 64:
        return "password must be 8 to 64 characters long"
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
    if not all(set(password) & set(kind) for kind in kinds):
        return "password must contain an uppercase letter, a lowercase letter and a digit"
    if any(not "!" <= character <= "~" or character in _FORBIDDEN for character in password):
        return f"password must be printable ASCII without {' '.join(_FORBIDDEN)} and blanks"
    return ""


def make_password() -> str:
    """A password made anew, with nothing in it that a shell or a URL would read otherwise."""
    letters = string.ascii_letters + string.digits
    while fault_of_password(made := "".join(secrets.choice(letters) for _ in range(24))):
        continue
    return made


def written(sql: str) -> str:
    """A text with Redshift's statements about users written for PostgreSQL. Raises Refusal."""
    if not _TRIGGER.search(sql):
        return sql
    return "; ".join(_statement(statement) for statement in split(sql))


def _statement(sql: str) -> str:
    parts = tokens(sql)
    match [token.upper for token in parts[:2]]:
        case ["CREATE", "GROUP"]:
            return f"{sql} admin {SUPERUSER}"
        case ["CREATE" | "ALTER", "USER"] if len(parts) > 2:
            following = parts[4 if parts[3:] and parts[3].upper == "WITH" else 3 :]
            if not following or following[0].upper not in ("RENAME", "SET", "RESET"):
                return _user(parts[0].upper, parts[2].text, following)
    return sql


def _user(command: str, name: str, parts: Sequence[Token]) -> str:
    """CREATE USER or ALTER USER with the options that follow the name."""
    options: list[str] = []
    groups: list[str] = []
    superuser = False
    words = [token.upper for token in parts] + [""] * 3  # room to look ahead
    texts = [token.text for token in parts] + [""] * 3
    at = 0
    while at < len(parts):
        match words[at : at + 3]:
            case ["PASSWORD", *_]:
                options.append(f"password {_password(name, words[at + 1], texts[at + 1])}")
                at += 2
            case ["CREATEDB" | "NOCREATEDB" as option, *_]:
                options.append(option.lower())
                at += 1
            case ["CREATEUSER" | "NOCREATEUSER" as option, *_] if command == "CREATE":
                superuser = option == "CREATEUSER"
                at += 1
            case ["SYSLOG", "ACCESS", "RESTRICTED"]:  # the default
                at += 3
            case ["IN", "GROUP", _] if command == "CREATE":
                at += 2
                groups.append(texts[at])
                while words[at + 1] == ",":
                    at += 2
                    groups.append(texts[at])
                at += 1
            case ["VALID", "UNTIL", _]:
                until = "'infinity'" if texts[at + 2].lower() == "'infinity'" else texts[at + 2]
                options.append(f"valid until {until}")
                at += 3
            case ["CONNECTION", "LIMIT", limit]:
                options.append(f"connection limit {-1 if limit == 'UNLIMITED' else texts[at + 2]}")
                at += 3
            case _ if words[at] in _ELSEWHERE:
                text = " ".join(texts[at : at + 3]).strip()
                raise Refusal("0A000", f"{text}: the local Redshift does not do this for users. {_PAGE}")
            case _:
                raise Refusal("42601", f'syntax error at or near "{texts[at]}"')
    if command == "CREATE":
        if not any(option.startswith("password") for option in options):
            raise Refusal("42601", f"CREATE USER needs PASSWORD. {_PAGE}")
        options += ["createdb createrole"] if superuser else []
        groups += [SUPERUSER] if superuser else []
        options += [f"in role {', '.join(groups)}"] if groups else []
        options += [] if superuser else [f"admin {SUPERUSER}"]
    return f"{command.lower()} user {name} {' '.join(options)}"


#: Options of Redshift's that have no equal here, or would need more than one statement.
_ELSEWHERE = {"SYSLOG", "SESSION", "EXTERNALID", "CREATEUSER", "NOCREATEUSER"}


def _password(name: str, word: str, text: str) -> str:
    """What PostgreSQL keeps of a password: null for DISABLE, else the digest that was given or is made."""
    if word == "DISABLE":
        return "null"
    if not re.fullmatch(r"[eE]?'.*'", text, re.DOTALL):
        raise Refusal("42601", f'syntax error at or near "{text}"')
    given = text[text.index("'") + 1 : -1]
    user = name[1:-1].replace('""', '"') if name[0] == '"' else name.lower()
    if wire.MD5_DIGEST.fullmatch(given):
        return f"'{given}'"
    scheme, _, password = given.partition("|")
    if scheme == "sha256":
        if "|" in password:
            raise Refusal(
                "0A000", f"a digest of SHA-256: the local Redshift logs users in by md5 only. {_PAGE}"
            )
        given = password
    if fault := fault_of_password(given):
        raise Refusal("22023", fault)
    return f"'{wire.md5_digest(user, given)}'"
