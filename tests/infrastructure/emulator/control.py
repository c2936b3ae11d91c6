"""The control file: how a test changes the emulator's behaviour while it runs.

JSON with any of `create_seconds` (how long every cluster is in state creating, from its beginning),
`redshift_host` (the host name of every cluster's endpoint), `faults`
(`{"redshift.CreateCluster": ["ErrorCode", "message"]}`; `s3.WholeGetObject` is a GetObject that asks for no range) and
`requester_pays` (buckets whose requesters pay).
The variable EMULATOR_CONTROL names the file. It is read anew at each request; a missing file means no wishes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from moto.core.exceptions import ServiceException


class Refusal(ServiceException):
    """An error as AWS answers it. A class of our own: moto looks for an error's service in its module's name."""


@dataclass(frozen=True)
class Control:
    """A test's wishes."""

    create_seconds: float = 0.0
    redshift_host: str | None = None
    faults: dict[str, list[str]] = field(default_factory=dict)
    requester_pays: list[str] = field(default_factory=list)


def current() -> Control:
    """The wishes as they stand now."""
    path = os.environ.get("EMULATOR_CONTROL", "")
    return Control(**json.loads(Path(path).read_text())) if path and Path(path).exists() else Control()
