"""A disk that is really small, and a user who really may not write: what the fault tests need of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import absent

#: What root runs a command with to be held by the rights of files, as everybody else is.
_RIGHTS = "-dac_override,-dac_read_search"
AS_AN_ORDINARY_USER = (
    ["setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}"] if os.geteuid() == 0 else []
)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of this size: a tmpfs where one may be mounted, else the machine's shared memory if that is small,
    as in a container without rights. A machine that has neither cannot run the test, which is said.
    """
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    shared = Path("/dev/shm")
    if not shared.is_dir() or shutil.disk_usage(shared).free > 512 * 2**20:
        absent("a small disk", "let the tests mount a tmpfs, or give them a /dev/shm of 64 MB")
    own = shared / f"sparkify-{os.getpid()}"
    own.mkdir()
    try:
        spare = shutil.disk_usage(shared).free - megabytes * 2**20
        with (own / "taken").open("wb") as taken:
            os.posix_fallocate(taken.fileno(), 0, max(spare, 1))
        yield own
    finally:
        shutil.rmtree(own)


def fill(disk: Path) -> None:
    """Take all that is left of it."""
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            return
