"""The program `sparkify`, also as `python -m sparkify_assets`.

Belongs here: what has to be in force before the commands are imported, which takes a second. Does not: the commands
(`cli`).
"""

from __future__ import annotations

import os
import signal
import sys

from sparkify_assets import interruption
from sparkify_assets.errors import INTERRUPTED


def main() -> None:
    """Run the command line. Ctrl-C is one line from the first moment on, and nothing once everything is done."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interruption.leave)
    from sparkify_assets import cli

    try:
        cli.main()
    except SystemExit as end:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if end.code == INTERRUPTED:
            # Neither waiting for threads that were left, nor killed by Python itself, which does that (CPython 3.11,
            # Modules/main.c) if KeyboardInterrupt ever passed through an exec() of text, as when a dataclass is made.
            sys.stdout.flush()
            os._exit(INTERRUPTED)
        raise


if __name__ == "__main__":
    main()
