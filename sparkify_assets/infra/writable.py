"""Whether this user may write where a command of the infrastructure has to, asked before anything is begun.

Belongs here: the stacks' folders. Does not: the state directory (`defs.instance`).
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from sparkify_assets.errors import sudo_as, user_name
from sparkify_assets.infra import InfrastructureError

#: The file that leads a stack to a shared state.
OVERRIDE = "backend_override.tf"


def require_writable(stacks: Path, *, for_state_only: bool = False) -> None:
    """Raise InfrastructureError, naming the folder and who may write there, unless every stack's folder can be written.

    Terraform writes errored.tfstate there when it cannot save a state
    (https://developer.hashicorp.com/terraform/cli/commands/apply), and a local state with its lock. What only reads,
    `for_state_only`, needs no more than the lock.
    """
    for folder in sorted(path for path in stacks.iterdir() if path.is_dir()):
        shared = (folder / OVERRIDE).exists()
        if not (for_state_only and shared) and not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
            raise InfrastructureError(
                f"{folder}: Permission denied for {user_name(os.geteuid())}, nothing was begun; {_remedy(folder)}"
            )


def _remedy(folder: Path) -> str:
    """What to type instead: as the user of the group that may write there, else as the owner."""
    there = folder.stat()
    with suppress(KeyError):
        if there.st_mode & stat.S_IWGRP:
            return sudo_as(pwd.getpwnam(grp.getgrgid(there.st_gid).gr_name).pw_name)
    return sudo_as(user_name(there.st_uid))
