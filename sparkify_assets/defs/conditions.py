"""When answers and profiles are made: conditions that Dagster evaluates at every tick.

Belongs here: the conditions. Does not: the assets that have them (`report_assets`, `profile_assets`).
"""

from __future__ import annotations

from typing import Any

import dagster as dg

_CHANGED: dg.AutomationCondition[Any] = dg.AutomationCondition.any_deps_updated()

_HANDLED: dg.AutomationCondition[Any] = (
    dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()
)

#: The asset was never made although its inputs exist, even if they were loaded before the conditions were evaluated for
#: the first time, which `since_last_handled` would take for handled.
_FIRST: dg.AutomationCondition[Any] = (
    (
        dg.AutomationCondition.missing()
        & dg.AutomationCondition.any_deps_match(~dg.AutomationCondition.missing())
    )
    .newly_true()
    .since(_HANDLED)
)

#: The asset is made again whenever an input was: an old day as much as the latest one, the only one that `eager()`
#: considers. It waits for loads in progress, and missing or blocked days do not stop it. A change that arrives while an
#: answer is being requested would be lost with `since_last_handled` alone, hence the second condition.
#: https://docs.dagster.io/guides/automate/declarative-automation/customizing-automation-conditions
REFRESH = (
    (_FIRST | _CHANGED.since_last_handled() | _CHANGED) & ~dg.AutomationCondition.any_deps_in_progress()
).with_label("when its inputs changed")

_NEW_DAY: dg.AutomationCondition[Any] = dg.AutomationCondition.cron_tick_passed("0 6 * * *")

#: A profile reads every file, so one is made at most once a day (from 06:00 to 06:00 UTC), and only after a load. The
#: first is made as soon as anything was loaded.
DAILY = (_FIRST | (_NEW_DAY.since_last_handled() & _CHANGED.since_last_handled())).with_label(
    "at first, then once a day after a load"
)
