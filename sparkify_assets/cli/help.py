"""What `--help` shows beside what a command declares: flags as flags, and examples.

Belongs here: how help is shown, and the examples. Does not: what a command or an option does, which is said where it is
declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

#: What people type most, by command.
EXAMPLES: Mapping[str, Sequence[str]] = {
    "load": (
        "sparkify load",
        "sparkify load --days 2018-11-01..2018-11-07",
        "sparkify load --songs AA,AB --full",
    ),
    "plan": (
        "sparkify plan",
        "sparkify plan --days 2018-11-01..2018-11-07 --full",
        "sparkify plan --format json",
    ),
    "doctor": ("sparkify doctor", "sparkify doctor --verbose"),
    "query": (
        'sparkify query "select level, count(*) from sparkify.users group by level"',
        "sparkify query -f sql/analytics/top_songs.sql --format csv > top.csv",
        "sparkify query < question.sql",
        "sparkify query    (a shell, with \\d for the tables)",
    ),
    "psql": ('psql "$(sparkify psql)"', 'psql "$(sparkify psql --write)" -f changes.sql'),
    "status": ("sparkify status", "sparkify status --verbose", "sparkify status --format json"),
    "reconcile": ("sparkify reconcile", "sparkify reconcile --deep"),
    "rejects": (
        "sparkify rejects",
        "sparkify rejects --day 2018-11-12",
        "sparkify rejects --day AA --format csv > rejects.csv",
    ),
    "release": ('sparkify release 2018-11-15 --reason "the app was down, nothing is missing"',),
    "why": ("sparkify why 818-5", "sparkify why 818-5-15-1542837407796 --format json"),
    "report": ("sparkify report", "sparkify report --profile --output listening.html"),
    "sample": ("sparkify sample data", "sparkify sample data --events 1000000 --days 365"),
    "dev": ("sparkify dev", "sparkify dev --port 3001"),
}


class _Flags:
    """Shows a flag without the word for a value, which it does not take."""

    def get_params(self, ctx: Any) -> Any:
        found = super().get_params(ctx)  # type: ignore[misc]
        for parameter in found:
            if getattr(parameter, "is_flag", False):
                parameter.metavar = ""
        return found


class Command(_Flags, TyperCommand):
    """A command as `--help` is to show it."""


class Group(_Flags, TyperGroup):
    """A group of commands as `--help` is to show it."""


def show(app: typer.Typer) -> None:
    """Have the commands of an application and of its groups shown that way, with their examples."""
    for command in app.registered_commands:
        if command.cls is None or command.cls is TyperCommand:
            command.cls = Command
        name = command.name or str(getattr(command.callback, "__name__", ""))
        if examples := EXAMPLES.get(name):
            command.epilog = "\n".join(("Examples:", *examples))
    for group in app.registered_groups:
        group.cls = Group
        if group.typer_instance:
            show(group.typer_instance)
