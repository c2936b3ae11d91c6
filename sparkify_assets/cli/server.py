"""`sparkify cancel`: what a server's service manager calls before it stops the code server.

Belongs here: options and output. Does not: how runs end (`defs.served_runs`).
"""

from __future__ import annotations

from sparkify_assets.cli.console import say, settings


def cancel() -> None:
    """Cancel the runs of the code server and wait until they have ended, as systemd does before it stops the server."""
    import dagster as dg  # here, because Dagster's import takes a second

    from sparkify_assets.defs.served_runs import cancel_served_runs

    settings()
    with dg.DagsterInstance.get() as instance:
        cancel_served_runs(instance, say)
