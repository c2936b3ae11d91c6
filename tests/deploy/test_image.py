"""The image of a home on ECS: what goes into it, and that what its containers are told to do does it.

No engine builds it here. What COPY would take is computed by .dockerignore's rules, and the build stage's steps are
run in a folder (soak).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import boto3
import hcl2
import pytest

from tests.deploy.conftest import DEPLOY, ROOT
from tests.deploy.test_services import UNITS, free_port, unit

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
TASKS = ROOT / "terraform" / "modules" / "orchestrator" / "tasks.tf"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments, continued lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def into_the_context(folder: Path) -> set[str]:
    """The files below a folder that .dockerignore lets into the build: the last rule that matches a file, or a folder
    it is in, decides (https://docs.docker.com/build/concepts/context/#dockerignore-files).
    """
    rules = [
        (line.removeprefix("!"), line.startswith("!"))
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    found = set()
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        inside = True
        for pattern, excepted in rules:
            words = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
            if any(re.fullmatch(words, part.as_posix()) for part in (name, *name.parents)):
                inside = excepted
        if path.is_file() and inside:
            found.add(name.as_posix())
    return found


SECRETS = (
    ".env", ".env.local", "sql/.env", ".git/config", ".sparkify/dagster/dagster.yaml", ".venv/bin/python",
    "terraform/stacks/foundation/terraform.tfstate", "sparkify_assets/errored.tfstate", "deploy/sparkify.env",
    "terraform/stacks/warehouse/backend_override.tf", "id_rsa", "redshift_local/server.key", "dump.sql",
    "sparkify_assets/__pycache__/secret.pyc", "sample_data/.sparkify/warehouse/data", "tests/conftest.py",
)  # fmt: skip
NEEDED = (
    "LICENSE", "pyproject.toml", "constraints.txt", "sparkify_assets/definitions.py", "sql/ddl/staging.sql",
    "redshift_local/sql/catalog.sql", "deploy/workspace.yaml", "deploy/ecs/dagster.yaml",
)  # fmt: skip


def test_no_secret_and_no_state_goes_into_the_image(tmp_path: Path) -> None:
    for name in (*SECRETS, *NEEDED):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert into_the_context(tmp_path) == set(NEEDED)


def test_what_copy_names_is_in_the_context() -> None:
    for kind, arguments in instructions():
        if kind == "COPY" and "--from" not in arguments:
            *sources, _ = [word for word in arguments.split() if not word.startswith("--")]
            for source in sources:
                assert source == "." or source in {*NEEDED}, source
                assert (ROOT / source).exists()


def test_the_image_is_pinned_runs_as_a_number_and_has_no_terraform() -> None:
    bases = [arguments.split()[0] for kind, arguments in instructions() if kind == "FROM"]
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.1[123]\.\d+-slim-\w+", base) for base in bases)
    assert [arguments for kind, arguments in instructions() if kind == "USER"] == ["10001:10001"]
    assert not any("terraform" in arguments for _, arguments in instructions())


def containers() -> dict[str, dict[str, list[str]]]:
    """The command and the health check of each container of the service, as Terraform's text has them."""

    def plain(word: str) -> str:  # without a load balancer
        return re.sub(
            r'^\$\{var\.load_balancer == null \? "(.*?)" : .*\}$', r"\1", word.replace('\\"', '"')
        ).strip('"')

    with TASKS.open() as text:
        services: dict[str, Any] = hcl2.load(text)["locals"][0]["services"]  # type: ignore[attr-defined]
    return {
        name.strip('"'): {
            field: [plain(word) for word in service[field]]
            for field in ("command", "health")
            if field in service
        }
        for name, service in services.items()
    }


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_container_does_what_the_service_of_a_server_does(path: Path) -> None:
    line = unit(path)["Service"]["ExecStart"].replace("/opt/sparkify/.venv/bin/", "")
    assert containers()[path.stem.removeprefix("sparkify-")]["command"] == shlex.split(line)


def test_every_variable_that_dagster_reads_is_set() -> None:
    used = set(re.findall(r"env: (\w+)", (DEPLOY / "ecs" / "dagster.yaml").read_text("utf-8")))
    stack = (ROOT / "terraform" / "stacks" / "orchestrator" / "main.tf").read_text("utf-8")
    for name in used:
        assert re.search(rf"\b{name}\b", TASKS.read_text("utf-8") + stack), name


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """/opt/sparkify as the build stage leaves it: its COPY and RUN lines carried out in a folder."""
    place = tmp_path / "opt"
    place.mkdir()
    context = into_the_context(ROOT)
    for kind, arguments in instructions()[: [kind for kind, _ in instructions()].index("FROM", 1)]:
        if kind == "COPY":
            sources = arguments.split()[:-1]
            for name in context if sources == ["."] else sources:
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, place / name)
        elif kind == "RUN":
            subprocess.run(["/bin/sh", "-c", arguments], cwd=place, check=True)
    return place


@pytest.fixture
def variables(built: Path, aws: str, dagster_database: dict[str, Any], tmp_path: Path) -> dict[str, str]:
    """What the containers are given, for this machine: a source without files, the embedded warehouse."""
    boto3.client("ecs").register_task_definition(
        family="run", containerDefinitions=[{"name": "run", "image": "sparkify", "memory": 2048}]
    )
    at, home = {"password": "none", "port": "5432", **dagster_database}, tmp_path / "home"
    (home / "dagster").mkdir(parents=True)
    (tmp_path / "source").mkdir()
    shutil.copy(DEPLOY / "ecs" / "dagster.yaml", home / "dagster" / "dagster.yaml")
    return {
        **os.environ,
        "PATH": f"{built}/.venv/bin:{os.environ['PATH']}",
        "SPARKIFY_HOME": str(home),
        "SPARKIFY_SOURCE": (tmp_path / "source").as_uri(),
        "SPARKIFY_WORK": (tmp_path / "work").as_uri(),
        "SPARKIFY_WAREHOUSE": "embedded",
        "SPARKIFY_DAGSTER_YAML": str(home / "dagster" / "dagster.yaml"),
        "SPARKIFY_AUTOMATION": "off",
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_PG_USERNAME": str(at["user"]),
        "DAGSTER_PG_PASSWORD": str(at["password"]),
        "DAGSTER_PG_HOST": "",  # a socket is no part of an address; on it, libpq does without TLS
        "PGHOST": str(at["host"]),
        "DAGSTER_PG_PORT": str(at["port"]),
        "DAGSTER_PG_DB": str(at["dbname"]),
        "DAGSTER_LOGS_BUCKET": "logs",
        "DAGSTER_RUN_TASK_DEFINITION": "run",
    }


@pytest.mark.soak
def test_the_containers_start_in_their_order_and_are_healthy(
    built: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    """As ECS does it: the migration succeeds, the code server becomes healthy, then the others do."""
    ports = {"3000": str(free_port()), "4266": str(free_port())}
    workspace = built / "deploy" / "workspace.yaml"
    workspace.write_text(workspace.read_text("utf-8").replace("4266", ports["4266"]))

    def here(words: list[str]) -> list[str]:
        moved = [word.replace("/opt/sparkify", str(built)) for word in words]
        return [re.sub(r"\b(3000|4266)\b", lambda port: ports[port[0]], word) for word in moved]

    def becomes_healthy(name: str) -> bool:
        for _ in range(60):
            if not subprocess.run(here(of[name]["health"]), env=variables, cwd=built, check=False).returncode:
                return True
            time.sleep(2)
        return False

    of = containers()
    started: list[subprocess.Popen[bytes]] = []
    try:
        subprocess.run(here(of["migrate"]["command"]), env=variables, cwd=built, check=True)
        for name in ("code-server", "daemon", "webserver"):
            command = here(of[name]["command"])
            started.append(subprocess.Popen(command, env=variables, cwd=built, start_new_session=True))
            assert becomes_healthy(name), name
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            process.wait(60)
