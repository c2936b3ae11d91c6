"""Stages the next batch while one is published, so that reading and merging share the time.

Staging holds no lock and is seen by nobody, so it may begin before the batch before it is published. It runs on a
connection and in a thread of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Self

from sparkify_assets.load.progress import Amount, Phase, Progress
from sparkify_assets.load.results import Batch, StagedPartition
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.warehouse.connection import Session

Staged = tuple[Session, list[StagedPartition]]


class _Abandoned(Exception):
    """Nobody waits for the batch any more."""


class StagingAhead:
    """Batches that are staged by `stage`, at most one of them ahead."""

    def __init__(
        self, stage: Callable[[Batch, Progress], AbstractContextManager[Staged]], progress: Progress
    ):
        self._stage = stage
        self._progress = progress
        self._begun: tuple[Batch, Future[tuple[ExitStack, Staged]]] | None = None
        self._abandoned = threading.Event()

    def begin(self, batch: Batch) -> None:
        """Begin to stage a batch, unless one is being staged ahead."""
        if self._begun is None:
            future: Future[tuple[ExitStack, Staged]] = Future()
            self._begun = batch, future
            # A daemon, so that the end of the process does not wait for it; its connection ends with the process.
            threading.Thread(target=self._run, args=(batch, future), daemon=True).start()

    @contextmanager
    def staged(self, batch: Batch) -> Iterator[Staged]:
        """The batch, staged ahead or now. Raises whatever staging it raised."""
        if self._begun and self._begun[0] is batch:
            _, future = self._begun
            wait([future])  # if this is interrupted, the batch is still ahead, and is given up at the end
            self._begun = None
            stack, staged = future.result()
            with stack:
                yield staged
        else:
            with self._stage(batch, self._progress) as staged:
                yield staged

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up the batch that is ahead. What it staged goes as soon as its statement has ended."""
        self._abandoned.set()
        if self._begun:
            self._begun[1].add_done_callback(_close)

    def _run(self, batch: Batch, future: Future[tuple[ExitStack, Staged]]) -> None:
        stack = ExitStack()
        try:
            staged = stack.enter_context(self._stage(batch, self._watched))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the batch raises it
            future.set_exception(error)
        else:
            future.set_result((stack, staged))

    def _watched(self, phase: Phase, dataset: Dataset, done: Amount, share: float) -> None:
        if self._abandoned.is_set():
            raise _Abandoned
        self._progress(phase, dataset, done, share)


def _close(done: Future[tuple[ExitStack, Staged]]) -> None:
    if not done.exception():
        stack, _ = done.result()
        stack.close()
