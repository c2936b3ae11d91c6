"""What COPY and UNLOAD have in common: how their options are read, and their authorization.

Authorization: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-authorization.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from redshift_local.tokens import NotPortable, Token


@dataclass(frozen=True)
class Keys:
    """A key of AWS, its secret and the token of a session. They are in no error and in no log."""

    access_key: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass
class Authorization:
    """By what a statement reads or writes S3: a role, which is 'default' or an ARN, or keys."""

    iam_role: str | None = None
    keys: Keys | None = None
    region: str | None = None
    _parts: dict[str, str] = field(default_factory=dict, repr=False)

    def read_authorization(self, option: str, options: Options) -> bool:
        """Read an option of the authorization with its value; whether it is one. Raises NotPortable."""
        match option:
            case "IAM_ROLE":
                self.iam_role = "default" if options.maybe("DEFAULT") else options.string(option)
            case "CREDENTIALS":
                given = dict(part.partition("=")[::2] for part in options.string(option).split(";") if part)
                if not given or not set(given) <= _CREDENTIALS:
                    raise NotPortable(
                        f"{options.statement}: CREDENTIALS takes 'aws_iam_role=...' or"
                        " 'aws_access_key_id=...;aws_secret_access_key=...;token=...'"
                    )
                self.iam_role = given.pop("aws_iam_role", self.iam_role)
                self._parts |= {name.removeprefix("aws_"): value for name, value in given.items()}
            case "ACCESS_KEY_ID" | "SECRET_ACCESS_KEY" | "SESSION_TOKEN":
                self._parts[option.lower().removeprefix("session_")] = options.string(option)
            case "REGION":
                self.region = options.string(option)
            case _:
                return False
        if {"access_key_id", "secret_access_key"} <= self._parts.keys():
            self.keys = Keys(
                self._parts["access_key_id"], self._parts["secret_access_key"], self._parts.get("token")
            )
        return True


_CREDENTIALS = {"aws_iam_role", "aws_access_key_id", "aws_secret_access_key", "token"}


class Options:
    """The tokens after the source or the target of a `statement`, read one by one."""

    def __init__(self, statement: str, parts: Sequence[Token]) -> None:
        self.statement = statement
        self.left = list(parts)

    def word(self) -> str:
        """The next word, in capitals. Raises NotPortable."""
        if not self.left or self.left[0].kind != "word":
            found = self.left[0].text if self.left and self.left[0].kind != "string" else "a string"
            raise NotPortable(
                f"{self.statement}: an option expected, not {found if self.left else 'the end'}"
            )
        return self.left.pop(0).upper

    def maybe(self, *words: str) -> bool:
        """Skip the next token if it is one of these."""
        found = bool(self.left) and self.left[0].upper in words
        if found:
            del self.left[0]
        return found

    def value(self) -> str:
        """The next token, after an optional AS; '' if there is none."""
        self.maybe("AS")
        return self.left.pop(0).text if self.left else ""

    def string(self, option: str, default: str | None = None) -> str:
        """The next string, after an optional AS. Raises NotPortable if there is none and no default."""
        self.maybe("AS")
        if self.left and self.left[0].kind == "string":
            return string(self.left.pop(0))
        if default is None:
            raise NotPortable(f"{self.statement}: {option} takes a string")
        return default

    def number(self, option: str, most: int | None = None) -> int:
        """The next whole number. Raises NotPortable."""
        text = self.value().strip("'")
        if not text.isdecimal() or (most is not None and int(text) > most):
            raise NotPortable(
                f"{self.statement}: {option} takes a number from 0 {f'to {most}' if most else 'on'}"
            )
        return int(text)

    def character(self, option: str) -> str:
        """The next string: one ASCII character, its octal number, or a tab as it is escaped. Raises NotPortable."""
        text = self.string(option)
        if re.fullmatch(r"\\[0-7]{3}", text):
            text = chr(int(text[1:], 8))
        text = {"\\t": "\t"}.get(text, text)
        if len(text) != 1 or not text.isascii() or text in "\r\n\0":
            raise NotPortable(f"{self.statement}: {option} takes one ASCII character")
        return text

    def widths(self, option: str) -> list[int]:
        """The widths of FIXEDWIDTH: 'label:width, ...'. Raises NotPortable."""
        text = self.string(option)
        if not re.fullmatch(r"\s*[^:,]+:\s*\d+\s*(?:,\s*[^:,]+:\s*\d+\s*)*", text):
            raise NotPortable(f"{self.statement}: {option} takes 'label:width, label:width, ...'")
        return [int(width) for width in re.findall(r":\s*(\d+)", text)]


def identifier(token: Token) -> str:
    """The name that a token means."""
    return token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text.lower()


def string(token: Token) -> str:
    """The text that a token of a string means. COPY and UNLOAD read most escapes themselves."""
    text = token.text
    if text[0] in "eE":
        return re.sub(r"\\([\\'])", r"\1", text[2:-1].replace("''", "'"))
    if text[0] == "$":
        tag = text[: text.index("$", 1) + 1]
        return text.removeprefix(tag).removesuffix(tag)
    return text[1:-1].replace("''", "'")
