"""Try real clients against the local Redshift: `.venv/bin/python -m tests.clients [NAME ...]`.

Each is installed into an environment of its own. Ends with 1 if a step fails that is not in known_failures.toml, or if
one that is there does not fail. Without names, docs/clients.md is written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.clients import page
from tests.clients.clients import CLIENTS, Client, known_failures
from tests.clients.running import environment, local_redshift, run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", metavar="NAME", nargs="*", choices=[[], *(client.name for client in CLIENTS)]
    )
    parser.add_argument("--keep", type=Path, help="a folder that is kept, with what each script said")
    arguments = parser.parse_args()
    chosen = [client for client in CLIENTS if not arguments.names or client.name in arguments.names]
    surprises = []
    results = {}
    with tempfile.TemporaryDirectory(prefix="clients-") as temporary:
        folder = arguments.keep or Path(temporary)
        with local_redshift(folder) as variables:
            for client in chosen:
                results[client] = tried = _try(client, variables, folder)
                known = known_failures(client.name)
                surprises += differences(client, tried, known)
                failed = [step for step, error in tried.items() if error]
                sys.stdout.write(f"{client.title}: {len(tried) - len(failed)} steps of {len(tried)}\n")
                sys.stdout.flush()
    if not arguments.names:
        page.write(results)
    sys.stdout.writelines(f"{line}\n" for line in surprises)
    return 1 if surprises else 0


def _try(client: Client, variables: dict[str, str], folder: Path) -> dict[str, str]:
    try:
        installed = environment(client)
    except subprocess.CalledProcessError as error:
        return {"install": " ".join(error.stderr.split())[-500:]}
    return run(client, installed, variables, folder / client.name)


def differences(client: Client, tried: dict[str, str], known: dict[str, str]) -> list[str]:
    """What is worse than is known, and what is better: one line each."""
    failed = {step: error for step, error in tried.items() if error}
    worse = [f"{client.title}, {step}: {error}" for step, error in failed.items() if step not in known]
    return worse + [
        f"{client.title}, {step}: is known to fail ({reason}), and did not"
        for step, reason in known.items()
        if step not in failed
    ]


if __name__ == "__main__":
    sys.exit(main())
