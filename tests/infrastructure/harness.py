"""What the infrastructure tests stand on: the emulator as a process, a checkout of terraform/ of their own, a
port that answers like a cluster, and the project's jobs run in this process.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import requests

from sparkify_assets.infra.jobs import infrastructure_defs
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import Log, TerraformResource, quiet

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "terraform"
REGION = "us-west-2"

#: What every stack on the foundation has, so that it can be planned before there is one; here it is empty.
ON_FOUNDATION = """
data "terraform_remote_state" "foundation" {
  count   = 0
  backend = "local"
}
locals { foundation = {} }
"""

#: The secret key that the tests give to AWS's clients; it must not turn up anywhere.
SECRET_KEY = "emulated-secret-key-7Qm2vXw9"


class Emulator:
    """The AWS emulator of the tests, a process on loopback."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.control_file = folder / "control.json"
        self.log_file = folder / "emulator.log"
        self.calls_file = folder / "calls.txt"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.infrastructure.emulator"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "EMULATOR_CONTROL": str(self.control_file),
                    "EMULATOR_CALLS": str(self.calls_file),
                    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
                },
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout
        port = self.process.stdout.readline().strip()
        assert port, self.log_file.read_text()
        self.url = f"http://127.0.0.1:{port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead Terraform and boto3 to the emulator, and away from anything real."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "emulated",
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def control(self, **wishes: Any) -> None:
        """Changes what the emulator does from now on; see emulator/control.py."""
        kept = json.loads(self.control_file.read_text()) if self.control_file.exists() else {}
        new = self.control_file.with_suffix(".new")
        new.write_text(json.dumps({**kept, **wishes}))
        new.replace(self.control_file)

    @contextmanager
    def failing(self, **faults: tuple[str, str]) -> Iterator[None]:
        """Makes calls fail meanwhile: `redshift_CreateCluster=("Code", "message")`."""
        self.control(faults={name.replace("_", ".", 1): list(fault) for name, fault in faults.items()})
        try:
            yield
        finally:
            self.control(faults={})

    def calls(self, who: str) -> set[str]:
        """What `terraform`, or any `other`, has called: service and operation, as `redshift:CreateCluster`."""
        lines = self.calls_file.read_text().splitlines()
        return {call for caller, _, call in (line.partition(" ") for line in lines) if caller == who}

    def forget_everything(self) -> None:
        """Empties the account, and takes back all wishes."""
        self.control_file.unlink(missing_ok=True)
        self.calls_file.unlink(missing_ok=True)
        requests.post(f"{self.url}/moto-api/reset", timeout=30).raise_for_status()

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the emulator."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="emulated",
            aws_secret_access_key=SECRET_KEY,
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Answering:
    """A port that answers PostgreSQL's TLS question as a cluster does, and nothing else."""

    def __init__(self) -> None:
        self.server = _listen()
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                connection.recv(8)
                connection.sendall(b"S")

    def stop(self) -> None:
        self.server.close()


def _listen() -> socket.socket:
    """A listening socket on one of the ports that a Redshift cluster may have."""
    for port in (*range(5431, 5456), *range(8191, 8216)):
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
    raise AssertionError("none of the ports that Redshift allows is free")


@dataclass
class JobRun:
    """What became of a job's run."""

    success: bool
    failures: dict[str, str]
    metadata: dict[str, Any] = field(default_factory=dict)
    run_id: str = ""


@dataclass
class Checkout:
    """A copy of terraform/ with states of its own, and a home beside it."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Checkout:
        shutil.copytree(
            TERRAFORM,
            folder / "terraform",
            ignore=shutil.ignore_patterns(".terraform", "*.tfstate*", "terraform.tfstate.d", "*_override.tf"),
        )
        shutil.copytree(ROOT / "deploy", folder / "deploy")  # whose policy a role of stack orchestrator has
        (folder / "dagster").mkdir()
        return cls(folder)

    @classmethod
    def tiny(cls, folder: Path, **stacks: str) -> Checkout:
        """A checkout with stacks of the test's own making, each a text of HCL, and an environment dev."""
        for name, text in stacks.items():
            place = folder / "terraform" / "stacks" / name
            place.mkdir(parents=True)
            (place / "main.tf").write_text(text)
            (place / "settings.tf").write_text('variable "region" {\n  type    = string\n  default = ""\n}\n')
            if name != "foundation" and "terraform_remote_state" not in text:
                (place / "foundation.tf").write_text(ON_FOUNDATION)
            if "aws_" in text:
                shutil.copy(TERRAFORM / "stacks" / "foundation" / ".terraform.lock.hcl", place)
        (folder / "terraform" / "environments").mkdir()
        (folder / "dagster").mkdir()
        checkout = cls(folder)
        checkout.add_environment("dev", f'region = "{REGION}"\n')
        return checkout

    @property
    def stacks(self) -> Path:
        return self.folder / "terraform" / "stacks"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def add_environment(self, name: str, text: str) -> None:
        (self.folder / "terraform" / "environments" / f"{name}.tfvars").write_text(text)

    def instance(self) -> dg.DagsterInstance:
        """A Dagster instance whose storage is a folder, so that a test can look at what was written."""
        return dg.DagsterInstance.local_temp(
            str(self.folder / "dagster"), overrides={"telemetry": {"enabled": False}}
        )

    def run(
        self, job: str | dg.JobDefinition, config: Mapping[str, Any] | None = None, **terraform: Any
    ) -> JobRun:
        """Runs one of the project's jobs, or one of the test's own with the project's resource, in this process.

        `terraform` sets fields of the resource that a launchpad leaves at their defaults.
        """
        definitions = infrastructure_defs(self.home, self.stacks, **terraform)
        if isinstance(job, dg.JobDefinition):
            definitions = dg.Definitions(jobs=[job], resources=definitions.resources)
            job = job.name
        with self.instance() as instance:
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, run_config=dict(config or {}), raise_on_error=False
            )
        return self._read(result)

    @staticmethod
    def _read(result: dg.ExecuteInProcessResult) -> JobRun:
        run = JobRun(result.success, {}, run_id=result.run_id)
        for event in result.all_node_events:
            if event.is_step_failure:
                data = event.step_failure_data
                told = data.user_failure_data.description if data.user_failure_data else None
                run.failures[str(event.step_key)] = told or data.error_display_string
            elif event.is_successful_output:
                for name, value in event.step_output_data.metadata.items():
                    run.metadata[f"{event.step_key}.{name}"] = value.value
        for evaluation in result.get_asset_check_evaluations():
            run.metadata |= {name: value.value for name, value in evaluation.metadata.items()}
            run.metadata |= {"passed": evaluation.passed, "severity": evaluation.severity.value}
        return run

    def resource(self, **changes: Any) -> TerraformResource:
        """The resource outside of a run; the caller opens and closes it."""
        return TerraformResource(stacks=str(self.stacks), work=str(self.home / "terraform"), **changes)

    def terraform(self, stack: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run Terraform by hand in a stack, as a person would; return its output, or fail on any exit code but 0."""
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.stacks / stack,
            env={**os.environ, "TF_IN_AUTOMATION": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (
            f"terraform {' '.join(arguments)} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout


# ---------------------------------------------------------------- tiny stacks


#: A resource that is done at once, and one that takes a while.
SLOW = """
resource "terraform_data" "quick" {}

resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]

  provisioner "local-exec" {
    command = "sleep %d"
  }
}
"""


#: A cluster with nothing around it.
TINY_CLUSTER = """
resource "aws_redshift_cluster" "this" {
  cluster_identifier  = "tiny"
  node_type           = "ra3.large"
  master_username     = "somebody"
  manage_master_password = true
  skip_final_snapshot = true

  availability_zone_relocation_enabled = true # as Redshift's default is
}
"""


class Interruption(BaseException):
    """What Dagster raises on cancellation is, like this, no Exception."""


@contextmanager
def stack(checkout: Checkout, log: Log = quiet, **changes: object) -> Iterator[Stack]:
    """Stack warehouse of a tiny checkout, made ready."""
    with checkout.resource(**changes).opened("test") as resource:
        chosen = Stack(resource, "warehouse", log)
        chosen.init()
        yield chosen


#: From when the emulator shows a thing until Terraform has had the answer that it is being made.
ANSWERED_SECONDS = 4
