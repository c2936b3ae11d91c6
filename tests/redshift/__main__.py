"""A Redshift on loopback for any client, until Ctrl-C: `.venv/bin/python -m tests.redshift > redshift.env`.

Prints the variables that lead psql, a script of one's own or `sparkify` to it, and to an S3 with a made source.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
from pathlib import Path

import redshift_local
from sample_data.generate import write_sample
from tests.infrastructure.harness import REGION, Emulator
from tests.redshift.conftest import ADMINISTRATOR, Authority, LoopbackCluster, make_cluster
from tests.redshift.hand_written import JSONPATHS


def main() -> None:
    for name in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # a shell starts what it puts behind itself without the first
        signal.signal(name, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        aws = Emulator(folder / "aws")
        os.environ |= {**aws.environment, "AWS_DEFAULT_REGION": REGION}
        aws.control(redshift_host="127.0.0.1")
        try:
            server = redshift_local.ensure(folder / "warehouse", "sparkify")
            with make_cluster(aws, server, Authority.make(folder)) as cluster:
                _serve(cluster, folder)
        except KeyboardInterrupt:
            sys.stderr.write("The loopback cluster is gone.\n")
        finally:
            redshift_local.stop(folder / "warehouse")
            aws.stop()


def _serve(cluster: LoopbackCluster, folder: Path) -> None:
    cluster.warehouse().bootstrap()
    write_sample(folder / "source", events=2000, songs=50, days=3, seed=1)
    variables = {
        **cluster.aws.environment,
        "AWS_DEFAULT_REGION": REGION,
        **cluster.libpq(ADMINISTRATOR),
        "SPARKIFY_WAREHOUSE": cluster.url(),
        "SPARKIFY_SOURCE": cluster.put_folder(folder / "source", "landing"),
        "SPARKIFY_WORK": f"s3://{cluster.bucket}/work",
        "REDSHIFT_ROLE": cluster.role,
        "REDSHIFT_JSONPATHS": cluster.put("paths.json", JSONPATHS),
    }
    sys.stdout.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    sys.stdout.write("# It serves until Ctrl-C.\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main()
