"""Ctrl-C while nothing need survive it: a line, and the end of the process.

Belongs here: what has to be in force before anything else is imported, which is why this imports so little. Does not:
how a command ends in order (`interruption`).
"""

import os
import sys

#: The exit code of a command that Ctrl-C ends, as of a shell: 128 plus the number of the signal.
INTERRUPTED = 130

#: What a command tells that has nothing more exact to say.
TOLD = "nothing is left half done, and what had ended is kept; the same command again does the rest"


def leave(*_: object) -> None:
    """End the process at once, as a kill does, but with a line. It takes what the handler of a signal takes."""
    shown = "\r\x1b[J\x1b[?25h" if os.isatty(2) else ""  # instead of a progress bar, which hides the cursor
    try:
        os.write(2, f"{shown}interrupted: {TOLD}\n".encode())
    finally:
        end()


def end() -> None:
    """End the process without waiting for threads that were left. Python itself would also end it by the signal if
    KeyboardInterrupt ever passed through an exec() of text, as when a dataclass is made (CPython 3.11, Modules/main.c).
    """
    try:
        sys.stdout.flush()
    finally:
        os._exit(INTERRUPTED)
