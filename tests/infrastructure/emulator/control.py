"""The control file: how a test changes the emulator's behaviour while it runs.

JSON with any of `create_seconds` (how long a new cluster stays in state creating), `redshift_host` (the host
name of every cluster's endpoint) and `faults` (`{"redshift.CreateCluster": ["ErrorCode", "message"]}`).
It is read anew at each request; a missing file means no wishes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

_path: Path | None = None


@dataclass(frozen=True)
class Control:
    """A test's wishes."""

    create_seconds: float = 0.0
    redshift_host: str | None = None
    faults: dict[str, list[str]] = field(default_factory=dict)


def use(path: Path) -> None:
    """Reads wishes from `path` from now on."""
    global _path
    _path = path


def current() -> Control:
    """The wishes as they stand now."""
    if _path is None or not _path.exists():
        return Control()
    return Control(**json.loads(_path.read_text()))
