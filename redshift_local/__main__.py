"""The package's commands: `python -m redshift_local --help`.

Belongs here: their names. Each command is a module with `add_command(commands)`, which adds its parser.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from redshift_local import conformance, script, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m redshift_local", description="The local Redshift.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (conformance, script, serve):
        module.add_command(commands)
    given = parser.parse_args(arguments)
    code: int = given.run(given)
    return code


if __name__ == "__main__":
    sys.exit(main())
