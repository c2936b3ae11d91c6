"""What this machine offers to Terraform: a mirror of providers, if it has one, and a home for the tests' runs.

Nothing here names a folder of a particular machine: the mirror is looked for where Terraform itself looks
(https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories), in
TF_PLUGIN_MIRROR, and a few levels below the usual places for what a machine's owner installs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

#: A mirror is a folder that holds this one.
REGISTRY = "registry.terraform.io"

USUAL_PLACES = ("/opt", "/usr/share", "/usr/local/share", "/usr/local/lib", "/usr/lib", "/var/lib", "/srv")
LEVELS = 3
FOLDERS_AT_MOST = 20_000


def provider_mirror() -> Path | None:
    """The first mirror that has an AWS provider, or None."""
    for folder in _places():
        if (folder / REGISTRY / "hashicorp" / "aws").is_dir():
            return folder
    return None


def _places() -> Iterator[Path]:
    if named := os.environ.get("TF_PLUGIN_MIRROR"):
        yield Path(named)
    home = Path.home()
    yield home / ".terraform.d" / "plugins"
    yield Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "terraform" / "plugins"
    for shared in (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        yield Path(shared) / "terraform" / "plugins"
    looked_at = 0
    for place in USUAL_PLACES:
        for path, folders, _ in os.walk(place):
            looked_at += 1
            if REGISTRY in folders:
                yield Path(path)
            if looked_at > FOLDERS_AT_MOST or len(Path(path).relative_to(place).parts) >= LEVELS:
                folders.clear()
