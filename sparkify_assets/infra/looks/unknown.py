"""What carries the tags of our stacks and is in no state.

Belongs here: telling it as findings. Does not: how it is found (`orphans`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sparkify_assets.infra.existing import Account
from sparkify_assets.infra.findings import Finding
from sparkify_assets.infra.looks.surroundings import Surroundings
from sparkify_assets.infra.orphans import orphans

#: What another look tells of in full.
_TOLD_ELSEWHERE = {"redshift:scheduledaction"}


def things(look: Surroundings) -> Iterator[Finding]:
    """What an apply that was killed has left, or somebody else's state has. The tags of what is declared say which
    stacks there are; nothing is looked for of a stack that was never made.
    """
    tags = [resource.values.get("tags_all") or {} for resource in look.declared.resources]
    stacks = sorted({(t["Environment"], t["Stack"]) for t in tags if "Environment" in t and "Stack" in t})
    for environment, stack in stacks:
        account = Account(environment, look.region)
        for orphan in orphans(account, stack, look.declared.identities):
            if orphan.kind in _TOLD_ELSEWHERE:
                continue
            since = f" since {orphan.since}" if orphan.since else ""
            yield Finding(
                "differs",
                f"{orphan.kind} {orphan.name}",
                f"it carries the tags of stack {stack}{since}, and no state has it",
                orphan.deletion(look.region),
            )
