"""Ctrl-C. It ends a command by KeyboardInterrupt, and a second one the process at once, which every table survives.

Python raises KeyboardInterrupt wherever the main thread is. In the middle of a library's own clean-up it is lost, or
reported at length, and the program goes on. So a command lets a run of Dagster work in another thread, where the work
asks whether it is to end (`check`), while the main thread takes the signals (`apart`).

Belongs here: the signals of a command. Does not: those of one that runs until Ctrl-C (`cli.dev`, `cli.serve`).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from sparkify_assets.leaving import leave

Result = TypeVar("Result")

#: How long a thread waits before it looks again, in seconds.
LOOK_SECONDS = 0.1

_asked = threading.Event()  # that the work in another thread is to end
_must_end: list[int] = []  # the threads that are in a block that has to end first


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt at the first Ctrl-C, and leave at once at the second one. Where a shell has it ignored,
    as for what a script starts in the background, it stays so. The block may ask whether it came.
    """
    came: list[int] = []
    again: list[threading.Timer] = []
    former = signal.getsignal(signal.SIGINT)
    if former is signal.SIG_IGN:
        yield came
        return

    def interrupt(number: int, _: object) -> None:
        came.append(number)
        if len(came) > 1:
            leave()
        raise KeyboardInterrupt

    def unraisable(lost: sys.UnraisableHookArgs) -> None:
        """Python cannot raise what strikes in a destructor, so it is raised again a little later. A thread that is
        asked to end asks again by itself.
        """
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(lost)
        elif _in_main_thread():
            came.clear()
            again.append(threading.Timer(LOOK_SECONDS, os.kill, (os.getpid(), signal.SIGINT)))
            again[-1].start()

    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = unraisable
    try:
        yield came
    finally:
        for timer in again:
            timer.cancel()
        sys.unraisablehook = sys.__unraisablehook__
        signal.signal(signal.SIGINT, former)


@contextmanager
def each_raises(*others: signal.Signals) -> Iterator[None]:
    """Raise KeyboardInterrupt at every Ctrl-C of the block, and at `others`: for a command that goes on after one."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, *others)}
    for number in former:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def check() -> None:
    """Raise KeyboardInterrupt in a thread whose work is to end; in the main thread, the signal has done so."""
    if _asked.is_set() and not _in_main_thread():
        raise KeyboardInterrupt


def pause(seconds: float) -> None:
    """Sleep, but no longer than until the work is to end. Raises KeyboardInterrupt."""
    if _in_main_thread():
        threading.Event().wait(seconds)
    else:
        _asked.wait(seconds)
        check()


@contextmanager
def held() -> Iterator[Callable[[], int]]:
    """Hold back whatever would interrupt the block (Ctrl-C, Dagster's Terminate): the block may ask how many times it
    came, and it is raised at the end.
    """
    if _in_main_thread():
        noted: list[int] = []
        with _noted(noted, callable):
            yield lambda: len(noted)
        if noted:
            signal.raise_signal(noted[0])
        return
    _must_end.append(threading.get_ident())
    try:
        yield _asked.is_set
    finally:
        _must_end.remove(threading.get_ident())
    check()


def apart(
    work: Callable[[], Result], may_ask: Callable[[], bool], before_leaving: Callable[[], None]
) -> tuple[Result, bool]:
    """Do some work in another thread; return its result, and whether Ctrl-C came.

    After the first Ctrl-C, the work is asked to end as soon as `may_ask` agrees. At the second one, `before_leaving` is
    called and KeyboardInterrupt is raised without waiting any longer, unless the work is in a block that has to end
    first (`held`). Raises whatever the work raises.
    """
    if not _in_main_thread():
        return work(), False
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            done.set_exception(error)

    noted: list[int] = []
    _asked.clear()
    # SIGTERM as well, which would end the process at once.
    with _noted(noted, lambda handler: handler is not signal.SIG_IGN):
        # A daemon, so that the end of the process does not wait for what was left.
        threading.Thread(target=run, daemon=True).start()
        while not done.done():
            wait([done], LOOK_SECONDS)
            if noted and not _asked.is_set() and may_ask():
                _asked.set()
            if _must_end:
                del noted[1:]  # whoever was impatient meanwhile has to be so again
            elif len(noted) > 1:
                before_leaving()
                raise KeyboardInterrupt
    _asked.clear()
    return done.result(), bool(noted)


@contextmanager
def _noted(noted: list[int], which: Callable[[Any], bool]) -> Iterator[None]:
    """Note SIGINT and SIGTERM, of those with `which` handlers, instead of handling them."""
    both = (signal.SIGINT, signal.SIGTERM)
    former = {number: handler for number in both if which(handler := signal.getsignal(number))}
    for number in former:
        signal.signal(number, lambda given, _: noted.append(given))
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
