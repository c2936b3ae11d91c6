"""How a client's script runs: in an environment of its own, against a local Redshift and an S3 of moto's.

Belongs here: processes and environments. Does not belong here: which clients there are (`clients`), what is made of
their steps (`__main__`).
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

from redshift_local.login import Login
from tests.clients.clients import Client

#: The environments that were made, kept for the next run.
CACHE = Path(__file__).parents[2] / ".venv" / "clients"

#: How long a script may take, in seconds.
TIME_LIMIT = 300

_SERVE = (sys.executable, "-m", "redshift_local", "serve", "--port", "0", "--format", "json")

BUCKET, REGION = "clients", "us-west-2"

#: What the texts ask that people paste.
QUERY = "select 41 + 1 as answer"

#: What the scripts' COPY reads.
ITEMS = """
{"id": 4, "name": "four", "price": 4.25, "made": "2026-11-04", "at": "2026-11-04 04:04:04", "good": true}
{"id": 5, "name": null, "weight": 5.5}
"""

#: No client tells anybody that it ran.
_SILENT = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
}


@contextmanager
def local_redshift(folder: Path) -> Iterator[dict[str, str]]:
    """A local Redshift and an S3 with a bucket; the variables that lead a client to both."""
    with _s3() as storage:
        server = subprocess.Popen(
            [*_SERVE, "--data", str(folder / "data")],
            env={**os.environ, **storage},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout
            login = Login(**json.loads(server.stdout.readline()))
            yield storage | {
                "PGHOST": login.host,
                "PGPORT": str(login.port),
                "PGDATABASE": login.database,
                "PGUSER": login.user,
                "PGPASSWORD": login.password,
                "PGSSLMODE": "verify-full",
                "PGSSLROOTCERT": login.sslrootcert,
                "SSL_CERT_FILE": login.sslrootcert,  # redshift_connector has no parameter for it
                "CLIENT_BUCKET": BUCKET,
                "CLIENT_PASTES": json.dumps(
                    {tool: paste.text for tool, paste in login.pastes(QUERY).items()}
                ),
            }
        finally:
            server.terminate()
            server.wait(60)


@contextmanager
def _s3() -> Iterator[dict[str, str]]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not a line for each request
    emulator = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    emulator.start()
    host, port = emulator.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated-secret",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    s3 = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    try:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=BUCKET, Key="items.json", Body=ITEMS.encode())
        yield variables
    finally:
        emulator.stop()


def environment(client: Client) -> Path:
    """The folder of the environment that has a client's packages, and nothing else; it is made if it is not there."""
    if not client.packages:
        return Path(sys.prefix)
    return make_environment(client.name, [client.requirements])


def make_environment(name: str, requirements: Iterable[Path]) -> Path:
    """The folder of an environment with the packages of some files for pip, or of one folder for npm.

    Raises CalledProcessError, with what the installer said, if they cannot be installed.
    """
    folder, files = CACHE / name, [path for path in requirements if path.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests side by side share an environment
        _fill(folder, files)
    return folder


def _fill(folder: Path, files: list[Path]) -> None:
    marker = folder / "installed"
    contents = [path for file in files for path in (sorted(file.iterdir()) if file.is_dir() else [file])]
    wanted = "".join(path.read_text() for path in contents)
    if marker.exists() and marker.read_text() == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    if files and files[0].is_dir():
        for path in files[0].iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        _run("npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder))
    else:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        words = [word for file in files for word in ("--requirement", str(file))]
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run(str(folder / "bin" / "python"), *pip, *words)
    marker.write_text(wanted)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def run(client: Client, installed: Path, variables: dict[str, str], home: Path) -> dict[str, str]:
    """Run a client's script; each of its steps, with its error or nothing."""
    home.mkdir(parents=True, exist_ok=True)
    interpreter = "node" if client.script.suffix == ".mjs" else str(installed / "bin" / "python")
    settings = {
        "PATH": f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(home),
        "CLIENT_SCHEMA": f"client_{client.name}",
        "CLIENT_ENVIRONMENT": str(installed),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (home / "output.txt").open("w+") as output:
        try:
            code = subprocess.run(
                [interpreter, str(client.script)],
                env=settings | _SILENT | variables,
                cwd=home,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=TIME_LIMIT,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = f"no end after {TIME_LIMIT} s"
        output.seek(0)
        lines = output.read().splitlines()
    steps = {
        told["step"]: told.get("error", "")
        for told in (json.loads(line) for line in lines if line.startswith('{"step":'))
    }
    return steps if code == 0 else steps | {"script": f"ended with {code}: {' '.join(lines[-3:])}"}
