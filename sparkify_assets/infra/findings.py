"""What a look at AWS finds beside the plan's table: one sentence each, the worst first, and what takes it away.

Belongs here: a finding, and what is said of many. Does not: how one is found (`exposures` in a plan, `looks` on AWS).
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: exposed: somebody who is not declared gets in, or something gets out. differs: nobody declared it, but it lets nobody
#: in. unseen: AWS did not let us look, so nothing is known.
Level = Literal["exposed", "differs", "unseen"]

_ORDER: dict[Level, int] = {"exposed": 0, "unseen": 1, "differs": 2}

#: How many findings the first line names; the rest are counted.
NAMED_AT_MOST = 3


@dataclass(frozen=True)
class Finding:
    """`what` is a sentence that says who can do what, `where` the thing on AWS, `remedy` the command against it."""

    level: Level
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.level:<8} {self.where}: {self.what}\n{'':<8}   {self.remedy}"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first: of exposures, those to everybody. Otherwise as they were found."""

    def severity(finding: Finding) -> tuple[int, bool]:
        return _ORDER[finding.level], not re.search("everybody|the whole internet", finding.what)

    return sorted(findings, key=severity)


def verdict(findings: Sequence[Finding], changes: int) -> str:
    """The one line that is read first. `changes` is how many resources the plans would change."""
    exposed = [finding for finding in findings if finding.level == "exposed"]
    unseen = [finding for finding in findings if finding.level == "unseen"]
    others = sum(finding.level == "differs" for finding in findings)
    if exposed:
        many = "1 exposure" if len(exposed) == 1 else f"{len(exposed)} exposures"
        return f"EXPOSED: {many} that nobody declared: {_named(exposed)}"
    if changes or others:
        seen = f"{changes} to apply, {others} beside the configuration" if others else f"{changes} to apply"
        return f"Differs from the configuration, and exposes nothing: {seen}" + (
            f"; not seen: {_named(unseen)}" if unseen else ""
        )
    if unseen:
        return f"No difference in what could be seen. Not seen: {_named(unseen)}"
    return "AWS matches the configuration."


def _named(findings: Sequence[Finding]) -> str:
    more = f"; and {len(findings) - NAMED_AT_MOST} more" if len(findings) > NAMED_AT_MOST else ""
    return "; ".join(f"{finding.what} ({finding.where})" for finding in findings[:NAMED_AT_MOST]) + more


def markdown(findings: Iterable[Finding]) -> str:
    """The findings as a table for people."""
    rows = ["| | where | what | what takes it away |", "| --- | --- | --- | --- |"]
    for finding in findings:
        cells = [cell.replace("|", "\\|") for cell in (finding.where, finding.what)]
        rows.append(f"| {finding.level} | {cells[0]} | {cells[1]} | `{finding.remedy}` |")
    return "\n".join(rows)


def as_json(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """The findings for programs."""
    return [asdict(finding) for finding in findings]


def command(operation: str, region: str, **parameters: Any) -> str:
    """The AWS CLI's command for an operation, for instance of `ec2 delete-route` with `route_table_id`.

    The names of the parameters are those of the CLI with underscores; what is not text becomes JSON.
    """
    words = ["aws", *operation.split(), "--region", region]
    for name, value in parameters.items():
        words += [f"--{name.replace('_', '-')}", value if isinstance(value, str) else json.dumps(value)]
    return shlex.join(words)
