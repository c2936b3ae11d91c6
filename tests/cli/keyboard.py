"""A command on a pseudo terminal, typed to as on a keyboard."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from tests.cli.test_terminal import SPARKIFY, environment

#: How many seconds the command may take to show what it is waited for; it fails after that, and never passes by it.
PATIENCE = 60


class Keyboard:
    """A command of sparkify on a terminal of its own, of 24 lines and 80 columns."""

    def __init__(self, *command: str, **added: str) -> None:
        self.shown = ""
        self._seen = 0
        self.terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [*SPARKIFY, *command],
            stdin=end, stdout=end, stderr=end, env=environment(**added), start_new_session=True,
        )  # fmt: skip
        os.close(end)

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)

    def types(self, text: str, sees: str = "") -> None:
        """Type a text, and wait for what it makes appear."""
        self._seen = len(self.shown)
        os.write(self.terminal, text.encode())
        if sees:
            self.sees(sees)

    def sees(self, text: str) -> None:
        """Wait for a text behind what was there when something was typed last."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown[self._seen :]:
            assert time.monotonic() < until, f"no {text!r} in {self.shown[self._seen :]!r}"
            assert self._read(), f"no {text!r} before the end: {self.shown!r}"

    def ended(self) -> int:
        """The exit code, after whatever is still shown."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        if not select.select([self.terminal], [], [], 1)[0]:
            return True
        try:
            block = os.read(self.terminal, 65536)
        except OSError:  # so Linux says that the other end is closed
            return False
        if b"\x1b[6n" in block:  # the program asks where the cursor is
            os.write(self.terminal, b"\x1b[24;1R")
        self.shown += block.decode(errors="replace")
        return bool(block)
