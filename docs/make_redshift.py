"""Write the last two tables of docs/redshift.md from the code that acts on them: what the local Redshift refuses, and
what is done about an error. Everything before them is written by hand. With --check, only say whether the file is in
sync with the code.

    .venv/bin/python docs/make_redshift.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from redshift_local.checks import RULES
from redshift_local.dialect import DOCUMENTATION
from sparkify_assets.warehouse import errors

FILE = Path(__file__).parent / "redshift.md"

#: From this line on the page is generated.
MARK = "<!-- generated from here on by docs/make_redshift.py -->"

_ACTIONS = {
    "again": "the whole transaction is retried on the same session",
    "reconnect": "the whole transaction is retried on a new session",
    "login": "a new session is opened with new credentials",
    "fail": "everything is rolled back, and the error is one line",
}


def render() -> str:
    """The generated part of the page."""
    return "\n".join(
        [
            MARK,
            "",
            "## What the local Redshift refuses",
            "",
            "Redshift lacks most of these constructs; only Redshift has the others. Neither kind would run on both."
            " Functions, types, commands and reserved words are those of AWS's pages.",
            "",
            *_table(
                ("What", "Write instead", ""),
                ((rule.construct, rule.instead, _page(DOCUMENTATION, rule.page)) for rule in RULES),
            ),
            "",
            "## What is done about an error",
            "",
            *_table(
                ("Error", "SQLSTATE", "Reaction", ""),
                (
                    (
                        fault.what,
                        ", ".join(fault.states) or "XX000",
                        _ACTIONS[fault.action],
                        _page(errors.DOCUMENTATION, fault.page),
                    )
                    for fault in errors.FAULTS
                ),
            ),
            "",
        ]
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _page(documentation: str, page: str) -> str:
    return f"[AWS]({documentation}{page}.html)"


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    written = FILE.read_text("utf-8")
    whole = written.partition(MARK)[0] + render()
    if not check:
        FILE.write_text(whole, "utf-8")
    elif written != whole:
        sys.exit("docs/redshift.md is not in sync with the code: run .venv/bin/python docs/make_redshift.py")


if __name__ == "__main__":
    main()
