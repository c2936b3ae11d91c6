"""States that Terraform could not save. If it can write its state nowhere, not even to errored.tfstate beside it, it
prints it as its last resort (https://developer.hashicorp.com/terraform/cli/commands/apply and its source,
internal/backend/local/backend_apply.go); whoever starts it has to keep that.

Belongs here: room that is kept free for such a state, keeping it, and the words that lead it back. Does not: running
Terraform (`terraform`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sparkify_assets.errors import describe_error
from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.diagnostics import parse

#: The file that Terraform itself writes beside a state that it cannot save.
ERRORED = "errored.tfstate"

#: Bytes of a disk that are kept free while Terraform runs: more than any state of these stacks, and its copy, takes.
ROOM = 4 * 2**20


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Take room on the disk of a folder, and free it at the end, so that a state can be kept there however full the
    disk has become by then. Raises InfrastructureError if there is none to begin with.
    """
    reserve = folder / "room-for-a-state"
    try:
        with reserve.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, ROOM)
    except OSError as error:
        reserve.unlink(missing_ok=True)
        raise InfrastructureError(
            f"{folder} has no room of {ROOM // 2**20} MB for a state: {describe_error(error)}; nothing was begun"
        ) from None
    try:
        yield
    finally:
        reserve.unlink(missing_ok=True)


def keep_printed(answer: str, *places: Path) -> str:
    """Keep the state that a command has printed as its last resort in the first of the places that can be written.

    Returns the words that say where it is; empty if the command has printed none.
    """
    state = _printed(answer)
    if state is None:
        return ""
    for place in places:
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(state, file, indent=2)
                file.flush()
                os.fsync(descriptor)
            return (
                f"what was made could not be written to the state, and is kept in {place}: launch again, and you are"
                " told how to bring it in"
            )
        with suppress(OSError):
            place.unlink(missing_ok=True)  # what is cut short would only mislead
    return f"what was made could not be written anywhere; keep this state by hand: {json.dumps(state)}"


def _printed(answer: str) -> dict[str, Any] | None:
    """The state in a command's output, a line of which is a message with it."""
    for line in reversed(answer.splitlines()):
        for value in parse(line).values():
            if isinstance(value, dict) and {"lineage", "serial", "resources"} <= value.keys():
                return value
    return None


def unfinished(answer: str) -> list[str]:
    """The addresses of the resources that a command had begun to make, change or destroy, and not finished, by what it
    printed (https://developer.hashicorp.com/terraform/internals/machine-readable-ui#operation-messages).
    """
    begun: dict[str, None] = {}
    for message in map(parse, answer.splitlines()):
        address = message.get("hook", {}).get("resource", {}).get("addr", "")
        if message.get("type") == "apply_start":
            begun[address] = None
        elif message.get("type") in ("apply_complete", "apply_errored"):
            begun.pop(address, None)
    return list(begun)


def refuse_unsaved(folder: Path, kept: Path, state: Path) -> None:
    """Raise InfrastructureError, which says how to bring it in, if an earlier run could not save its state: beside the
    stack's configuration in `folder`, or in `kept`. `state` is where a local state is.
    """
    for unsaved in (folder / ERRORED, kept):
        if not unsaved.exists():
            continue
        # Continuing without it would make everything in it a second time.
        told = f"{unsaved} holds what an earlier run made but could not save"
        if not _is_whole(unsaved):
            raise InfrastructureError(
                f"{unsaved} is cut short: an earlier run could not save what it made. Look on AWS for what carries this"
                " environment's tags and is not in the state, import or remove it, and remove the file"
            )
        if state.exists() and not _is_whole(state):
            raise InfrastructureError(
                f"{told}, and {state} was cut short. Launch again after: mv {unsaved} {state}"
            )
        raise InfrastructureError(
            f"{told}. In {folder} and in that run's workspace: terraform init; sparkify infra unlock, if the lock is"
            f" still held; terraform state push {unsaved.name if unsaved.parent == folder else unsaved}. Then remove"
            " the file and launch again"
        )


def _is_whole(path: Path) -> bool:
    return bool(parse(path.read_text("utf-8", "replace")))
