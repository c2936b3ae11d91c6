"""Loads in processes of their own: to kill, or to run at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess

#: A forked child needs no imports, so a load starts within milliseconds.
_FORK = multiprocessing.get_context("fork")


def start(work: Callable[[], object]) -> BaseProcess:
    """A child that does this and ends with 0, or prints why not and ends with 1."""
    child = _FORK.Process(target=work)
    child.start()
    return child


def ended(child: BaseProcess, seconds: float = 120) -> int | None:
    """The exit code of a child, once it has ended: the negative number of the signal that killed it."""
    child.join(seconds)
    if child.exitcode is None:
        child.kill()
        child.join()
        raise AssertionError(f"a load took more than {seconds} seconds")
    return child.exitcode
