"""The program `sparkify`, also as `python -m sparkify_assets`.

Belongs here: what has to be in force before the commands are imported, which takes a second. Does not: the commands
(`cli`).
"""

import os
import signal
import sys

from sparkify_assets.leaving import INTERRUPTED, end, leave


def main() -> None:
    """Run the command line. Ctrl-C is one line from the first moment on, and nothing once everything is done."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, leave)
    for name in ("stdout", "stderr"):  # as with `>&-`
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - it stays open
    from sparkify_assets import cli

    try:
        cli.main()
    except SystemExit as ended:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if ended.code == INTERRUPTED:
            end()
        raise


if __name__ == "__main__":
    main()
