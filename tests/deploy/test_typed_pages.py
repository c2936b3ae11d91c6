"""The pages for whoever runs a server, typed word by word: in a fresh machine's folders, as the users that they name.

Each block of commands is run by a shell, with the machine's folders below one of the test's own, or it is in
`ELSEWHERE`; programs that would change this machine, or need a real AWS, only note how they were called (`NOT_HERE`).
So a new block, or a program that nobody thought of, fails.
"""

from __future__ import annotations

import ast
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import redshift_local
from sample_data.generate import write_sample
from tests.deploy.conftest import ROOT

PAGES = ("deploy.md", "runbooks.md", "infrastructure.md")

#: Programs that are not run here, and why; each only notes its words.
NOT_HERE = {
    "apt-get": "it would install packages on this machine",
    "useradd": "it would make a user of this machine; the tests' ordinary user stands for sparkify",
    "git": "it would fetch from the repository; this checkout's files are there already",
    "make": "it would fetch packages; this environment's are there already",
    "chgrp": "there is no group sparkify; the ordinary user's group stands for it",
    "systemctl": "there is no systemd; tests/deploy/test_services.py starts the units' lines",
    "journalctl": "there is no journal",
    "timedatectl": "it would set this machine's clock",
    "aws": "there is no AWS, and the CLI is not a package of the project",
}

#: Blocks that are not typed here, by the beginning of their first line: where they are run, or why they cannot be.
ELSEWHERE = {
    "sparkify infra adopt ": "tests/infra/test_adopt_ops.py",
    "sparkify infra apply  ": "tests/infrastructure/test_orchestrator.py",
    "sparkify infra backend s3 ": "tests/infra/test_state_backend.py",
    "sparkify infra destroy ": "tests/infrastructure/test_lifecycle.py",
    "sparkify infra drift ": "tests/infrastructure/test_drift_soak.py",
    "sparkify infra plan ": "tests/infrastructure/test_lifecycle.py",
    "sparkify infra unlock ": "tests/infra/test_state_backend.py",
    "terraform init": "tests/infra/test_state_backend.py, test_what_could_not_be_saved_is_not_made_a_second_time",
    "aws redshift describe-cluster-snapshots ": "tests/infrastructure/test_restore.py restores by the settings",
    "cd terraform/stacks/warehouse": "it replaces a resource of a cluster that is there",
    "$(sparkify infra output ": "it needs a cluster that is there",
    "cd terraform/stacks/orchestrator ": "no engine builds images here",
    'sh -c "$(terraform output ': "no task runs here",
}

#: Blocks that end with an error on a fresh machine, and what it says.
REFUSED = {"sparkify release 2018-11-12 ": "2018-11-12"}

#: A block that is typed on a laptop, in a checkout of one's own, and one that root types; the others are typed as user
#: sparkify.
ON_A_LAPTOP, BY_ROOT = "export region=us-west-2 ", "systemctl stop "

ROOT_RUNS = os.geteuid() == 0
USER = pwd.getpwnam("nobody") if ROOT_RUNS else pwd.getpwuid(os.geteuid())
#: So that the ordinary user reaches this checkout and its Python, whoever's they are; it lets nobody write.
READS = "--inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search"
CLOSED = any(
    not path.stat().st_mode & 1 for place in (sys.executable, ROOT) for path in Path(place).resolve().parents
)
BECOME = (
    f"setpriv --reuid={USER.pw_uid} --regid={USER.pw_gid} --clear-groups {READS if CLOSED else ''}"
    if ROOT_RUNS
    else ""
)


def blocks(page: str) -> list[str]:
    """The blocks of commands of a page."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def first_line(block: str) -> str:
    return block.splitlines()[0]


#: The block that sets a server up.
SET_UP = blocks("deploy.md")[0]


class Machine:
    """A fresh machine's folders, with the programs that only note how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls = folder, folder / "calls"
        checkout, programs = folder / "opt/sparkify", folder / "programs"
        for name in ("sparkify_assets", "sql", "deploy", "terraform", "dagster.yaml"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            checkout.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, checkout / name)
        (checkout / ".venv").mkdir()
        (checkout / ".venv/bin").symlink_to(Path(sys.executable).parent)
        for name in ("etc/systemd/system", "var/lib/sparkify", "tmp", "programs"):
            (folder / name).mkdir(parents=True)
        write_sample(folder / "source", events=300, songs=5, days=14, seed=3)
        note = f'#!/bin/sh\necho "${{0##*/}} $*" >> {self.calls}\n'
        for name in NOT_HERE:
            self._program(programs / name, note)
        as_user = f'[ "$2" = sparkify ] || exit 0\nshift 2\nexec {BECOME} "$@"\n'
        self._program(programs / "sudo", note + as_user)
        self.calls.touch()
        self.calls.chmod(0o666)
        if ROOT_RUNS:
            os.chown(folder / "var/lib/sparkify", USER.pw_uid, USER.pw_gid)

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def type(self, block: str, *, as_sparkify: bool = True) -> subprocess.CompletedProcess[str]:
        """Type a block in a shell that ends with the first error, by default one of user sparkify."""
        login = next(text for text in blocks("deploy.md") if first_line(text) == "sudo -u sparkify bash")
        before = "".join(login.splitlines(keepends=True)[1:2]) if as_sparkify else ""
        script = f"cd {self.folder}/opt/sparkify\n" + re.sub(
            r"(?<![\w.>])/(opt|var/lib|etc)(?=/)",
            rf"{self.folder}/\1",
            before + re.sub(r"<([\w ]+)>", r"\1", block),
        )
        shell = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(
            [*BECOME.split(), *shell] if as_sparkify else shell,
            env={
                "PATH": f"{self.folder}/programs:{os.environ['PATH']}",
                "HOME": f"{self.folder}/var/lib/sparkify",
                "TMPDIR": f"{self.folder}/tmp",
                "PYTHONPATH": f"{self.folder}/opt/sparkify",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def own_values(self) -> None:
        """The values that whoever sets the server up puts in: here an embedded warehouse, and a folder as source."""
        settings = self.folder / "etc/sparkify.env"
        own = {
            "SPARKIFY_HOME": f"{self.folder}/var/lib/sparkify",
            "SPARKIFY_SOURCE": (self.folder / "source").as_uri(),
            "SPARKIFY_WORK": (self.folder / "var/lib/sparkify/work").as_uri(),
            "SPARKIFY_WAREHOUSE": "embedded",
            "SPARKIFY_DAGSTER_YAML": f"{self.folder}/opt/sparkify/dagster.yaml",
            "DAGSTER_HOME": f"{self.folder}/var/lib/sparkify/dagster",
        }
        text = settings.read_text("utf-8").replace("SPARKIFY_QUEUE=", "#")
        for name, value in own.items():
            text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        settings.write_text(text)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine on which the page on production has been typed to its services."""
    folder = Path(tempfile.mkdtemp(prefix="sparkify-"))
    folder.chmod(0o755)
    made = Machine(folder)
    try:
        done = made.type(SET_UP, as_sparkify=False)
        assert done.returncode == 0, done.stderr
        made.own_values()
        unit = (ROOT / "deploy/systemd/sparkify-code-server.service").read_text("utf-8")
        (first,) = re.findall(r"^ExecStartPre=(.+)$", unit, re.MULTILINE)
        assert made.type(first).returncode == 0  # what systemd does before the services start
        yield made
    finally:
        redshift_local.stop(folder / "var/lib/sparkify/warehouse")
        shutil.rmtree(folder)


def test_the_server_is_set_up_as_typed(machine: Machine) -> None:
    assert (machine.folder / "etc/systemd/system/sparkify-code-server.service").exists()
    calls = machine.calls.read_text()
    assert "sudo -u postgres createdb --owner sparkify dagster" in calls
    stacks = list((machine.folder / "opt/sparkify/terraform/stacks").iterdir())
    assert all(f"{stack}" in calls for stack in stacks)
    assert all(stack.stat().st_mode & 0o2020 == 0o2020 for stack in stacks)


def test_a_new_version_s_new_stack_may_be_written_as_the_others(machine: Machine) -> None:
    stack = machine.folder / "opt/sparkify/terraform/stacks/new"
    stack.mkdir(mode=0o755)
    update = next(block for block in blocks("deploy.md") if block.startswith(BY_ROOT))
    machine.calls.write_text("")
    done = machine.type(update, as_sparkify=False)
    assert done.returncode == 0, done.stderr
    assert stack.stat().st_mode & 0o2020 == 0o2020
    [grouped] = [call for call in machine.calls.read_text().splitlines() if call.startswith("chgrp sparkify")]
    assert str(stack) in grouped.split()
    stack.rmdir()


TYPED = [
    pytest.param(block, id=f"{page}: {first_line(block)[:40]}")
    for page in PAGES
    for block in blocks(page)
    if not first_line(block).startswith(tuple(ELSEWHERE)) and block != SET_UP
]


@pytest.mark.parametrize("block", TYPED)
def test_each_block_runs_as_it_is_typed(machine: Machine, block: str) -> None:
    line = first_line(block)
    if line == "sudo -u sparkify bash":  # the shell in which the others are typed
        block = block.partition("\n")[2]
    done = machine.type(block, as_sparkify=not line.startswith((ON_A_LAPTOP, BY_ROOT)))
    if refused := [words for beginning, words in REFUSED.items() if line.startswith(beginning)]:
        assert (done.returncode, refused[0] in done.stderr) == (1, True), done.stderr
    else:
        assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_listed_is_on_a_page() -> None:
    lines = [first_line(block) for page in PAGES for block in blocks(page)]
    unused = [begin for begin in (*ELSEWHERE, *REFUSED) if not any(line.startswith(begin) for line in lines)]
    assert unused == []
    words = " ".join(block for page in PAGES for block in blocks(page))
    assert [name for name in NOT_HERE if not re.search(rf"\b{name}\b", words)] == []


@cache
def said() -> str:
    """Every text in the program, with a gap where a value is filled in."""
    texts = []
    for path in (ROOT / "sparkify_assets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                texts.append(
                    "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values
                    )
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def test_what_the_runbooks_quote_is_what_the_program_says() -> None:
    quoted = re.findall(r"^    (\S.*)$", (ROOT / "docs/runbooks.md").read_text("utf-8"), re.MULTILINE)
    quoted = [line for line in quoted if not line.startswith("--")]  # the second line of a command
    assert len(quoted) > 5
    pieces = {piece.strip() for line in quoted for piece in line.split("…")}
    assert [piece for piece in pieces if piece.strip("(), ") and piece not in said()] == []
