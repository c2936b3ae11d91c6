"""What Redshift has and the local one lacks, told by the server's error about an unknown name.

Belongs here: reading that error. Does not belong here: what is known from the text alone (`checks`).
"""

from __future__ import annotations

import re
from functools import cache

from redshift_local import catalog
from redshift_local.tokens import DOCUMENTATION
from redshift_local.vocabulary import TYPES, functions, postgresql_functions, system_views

_UNKNOWN = re.compile(
    r'(function|type|relation) "?(?:[a-z_]+\.)?(\w+)"?(?:\(.*\))? does not exist', re.DOTALL
)


def explain(message: str) -> str:
    """What to tell instead of the server's `message`, if AWS documents the name that it does not know; else ''."""
    unknown = _UNKNOWN.fullmatch(message)
    if unknown is None:
        return ""
    kind, name = unknown.groups()
    match kind:
        case "function":
            page = "" if name in postgresql_functions() | _made() else functions().get(name, "")
        case "type":
            page = TYPES.get(name.upper(), "")
        case _:
            page = system_views().get(name, "")
            kind = "system view"
    return f"the {kind} {name} is not in the local Redshift. {DOCUMENTATION}{page}.html" if page else ""


@cache
def _made() -> frozenset[str]:
    """The functions of schema redshift, some of which lack arguments."""
    return frozenset(re.findall(r"(?:function|aggregate) redshift\.(\w+)", catalog.statements().lower()))
