"""One command from nothing to nothing: real Terraform against the emulated AWS, the endpoint on loopback as the data
plane, the real data through S3.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest

from redshift_local.endpoint.server import Endpoint
from sparkify_assets.model import queries
from tests.conftest import Admin
from tests.infrastructure.emulator.credentials import FILE
from tests.infrastructure.harness import REGION, ROOT, SECRET_KEY, Checkout, Emulator
from tests.redshift.conftest import Authority, LoopbackCluster, administered
from tests.redshift.workgroup import LoopbackWorkgroup

CLUSTER = "sparkify-dev"

#: Seconds that a life may take where other things run too.
PATIENCE = 1200
pytestmark = pytest.mark.timeout(PATIENCE + 60)

#: `sparkify` on a checkout of the test's own.
PROGRAM = """
import sys
from pathlib import Path
from sparkify_assets import cli
from sparkify_assets.infra import jobs
jobs.STACKS_FOLDER = Path(sys.argv.pop(1))
cli.main()
"""


@dataclass
class Life:
    """Where a life happens."""

    checkout: Checkout
    cluster: LoopbackCluster
    source: Path
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "COLUMNS": "200",
            "SPARKIFY_HOME": str(self.checkout.home),
            "SPARKIFY_SOURCE": str(self.source),
            "SPARKIFY_WAREHOUSE": self.cluster.url(),
        }

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.checkout.stacks), "run", *arguments],
            cwd=ROOT, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.begun.append(process)
        return process

    def billable(self) -> list[str]:
        """What AWS would send a bill for."""
        found = [c["ClusterIdentifier"] for c in boto3.client("redshift").describe_clusters()["Clusters"]]
        buckets = [b["Name"] for b in boto3.client("s3").list_buckets()["Buckets"]]
        return [name for name in [*found, *buckets] if name.startswith("sparkify-")]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An AWS of this module's own, because each life begins with an empty account."""
    emulator = Emulator(tmp_path_factory.mktemp("aws"))
    yield emulator
    emulator.stop()


@pytest.fixture
def life(
    request: pytest.FixtureRequest,
    terraform: str, aws: Emulator, server: str, authority: Authority, reference: Path, tmp_path: Path,
) -> Iterator[Life]:  # fmt: skip
    """A checkout, an empty account, and a data plane that waits for its cluster, or for its workgroup."""
    aws.forget_everything()  # an interrupted life leaves its foundation, named
    aws.control(redshift_host="127.0.0.1")
    kind: type[LoopbackCluster] = getattr(request, "param", LoopbackCluster)
    state = kind.State(CLUSTER, REGION)
    accounts = administered(server, state)  # its database has the name that the stack gives to the cluster's
    checkout = Checkout.make(tmp_path)

    def password(user: str) -> str | None:
        return cluster.password(user)

    for port in range(5431, 5456):
        try:
            endpoint = Endpoint(authority.server, accounts.engine, password, port=port, remember=True)
            break
        except OSError:
            continue
    text = (checkout.stacks.parent / "environments" / "dev.tfvars").read_text()
    text = text.replace("node_count     = 1", f"node_count = 1\n  port = {endpoint.port}")
    if kind is LoopbackWorkgroup:
        text = 'warehouse_kind = "serverless"\n' + re.sub(r"az_count\s+= 2", "az_count = 3", text)
    checkout.add_environment("dev", text)
    cluster = kind(CLUSTER, "sparkify", "", "", authority.root, server, aws, state, endpoint)
    life = Life(checkout, cluster, reference)
    with endpoint:
        yield life
    for process in life.begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(queries.read("ddl/drop"))


def test_from_nothing_to_nothing(life: Life, reference: Path) -> None:
    expected = json.loads((reference / "reference.json").read_text("utf-8"))
    begun = life.begin("--foundation-too")
    told, _ = begun.communicate(timeout=PATIENCE)
    assert begun.returncode == 0, told
    for phase in ("provision", "tables", "upload", "load", "checks", "destroy"):
        assert f"[{phase}]" in told
    rows = dict(line.split() for line in told.splitlines() if len(line.split()) == 2)
    for table in ("songplays", "users", "songs", "artists", "time"):
        assert int(rows[table].replace(",", "")) == expected["star"][table], table
    assert "Nothing is left of environment dev." in told
    assert "The warehouse cost about 0.0" in told
    assert "Data lives in" not in told, "the warehouse that held them is gone"
    assert life.billable() == []
    assert secrets_in(life, told) == []


@pytest.mark.soak
@pytest.mark.parametrize("life", [LoopbackWorkgroup], indirect=True)
def test_a_serverless_warehouse_from_nothing_to_nothing(life: Life, reference: Path) -> None:
    expected = json.loads((reference / "reference.json").read_text("utf-8"))
    begun = life.begin("--foundation-too")
    told, _ = begun.communicate(timeout=PATIENCE)
    assert begun.returncode == 0, told
    rows = dict(line.split() for line in told.splitlines() if len(line.split()) == 2)
    assert int(rows["songplays"].replace(",", "")) == expected["star"]["songplays"]
    assert "(3.00 an hour; terraform/cost.md)" in told
    assert "Nothing is left of environment dev." in told
    assert boto3.client("redshift-serverless").list_workgroups()["workgroups"] == []
    assert f"IAMR:{CLUSTER}-loader" in life.cluster.endpoint.logins


def test_without_data_nothing_is_made(life: Life, tmp_path: Path) -> None:
    life.source = tmp_path / "empty"
    life.source.mkdir()
    begun = life.begin()
    told, _ = begun.communicate(timeout=PATIENCE)
    assert begun.returncode == 1
    assert "there is nothing to load in" in told
    assert "[provision]" not in told
    assert life.billable() == []


def secrets_in(life: Life, told: str) -> list[str]:
    """Where a password or a key turns up: what was said, SQL, the home with Dagster's storage, the state."""
    issued = life.cluster.aws.control_file.with_name(FILE).read_text().splitlines()
    secrets = [SECRET_KEY, *(json.loads(line)["password"] for line in issued)]
    places = {"what was said": told, "SQL": "\n".join(life.cluster.endpoint.statements)}
    found = [place for place, text in places.items() if any(secret in text for secret in secrets)]
    for path in life.checkout.folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 50_000_000:
            content = path.read_bytes()
            found += [str(path) for secret in secrets if secret.encode() in content]
    return found


def interrupted(life: Life, moment: str, sign: signal.Signals) -> str:
    """Run until a line says this, then interrupt; what was said."""
    begun = life.begin()
    assert begun.stdout
    said = []
    for line in begun.stdout:
        said.append(line)
        if moment in line:
            break
    time.sleep(1)
    os.killpg(begun.pid, sign)  # as a terminal does: to all that it has started
    rest, _ = begun.communicate(timeout=PATIENCE)
    assert begun.returncode != 0
    return "".join([*said, rest])


def test_an_interrupted_load_ends_with_the_cluster_destroyed_and_the_rest_named(life: Life) -> None:
    told = interrupted(life, "[load]", signal.SIGINT)
    assert "Stopped in load: " in told
    assert not [name for name in life.billable() if name == CLUSTER]
    for name in life.billable():  # the landing bucket, which holds data
        assert "module.landing.aws_s3_bucket.this" in told, name
    assert "sparkify infra destroy --env dev --foundation-too" in told


@pytest.mark.soak
@pytest.mark.parametrize(
    ("moment", "sign"),
    [
        ("[provision]", signal.SIGINT),
        ("module.landing.aws_s3_bucket.this: Creating", signal.SIGINT),
        ("module.warehouse.aws_redshift_cluster.this[0]: Creating", signal.SIGINT),
        ("module.warehouse.aws_redshift_cluster.this[0]: Creating", signal.SIGTERM),
        ("[tables]", signal.SIGINT),
        ("[upload]", signal.SIGINT),
        ("[load]", signal.SIGTERM),
        ("[checks]", signal.SIGINT),
        ("[destroy]", signal.SIGINT),
        ("[destroy]", signal.SIGTERM),
    ],
)
def test_a_life_that_is_interrupted_leaves_nothing_unnamed(
    life: Life, moment: str, sign: signal.Signals
) -> None:
    told = interrupted(life, moment, sign)
    left = life.billable()
    if CLUSTER in left:
        assert "module.warehouse.aws_redshift_cluster.this[0]" in told
    assert ("sparkify infra destroy --env dev" if left else "Nothing is left of environment dev") in told
