"""Install packages into a virtual environment: with uv in seconds, or with pip where uv cannot.

Belongs here: what the Makefile runs before any package is installed, so it needs Python's own library only.

    ENVIRONMENT/bin/python install.py PACKAGE [PACKAGE …]

What follows goes to `pip install` as it is. uv is the one on the path, or the one of constraints.txt, which pip brings.
The exit code is that of the installation.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq"]

# What pip may be told about where packages are, and uv's variable for it, since uv reads nothing that pip is told:
# https://pip.pypa.io/en/stable/cli/pip_install/ and https://docs.astral.sh/uv/reference/environment/
VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
# How uv begins the lines that it prints for each of a hundred packages, or that say nothing new.
EACH_PACKAGE = [[word] for word in ("+", "-", "~", "Built", "Downloaded", "Uninstalled", "Using")]
# Later ones decide: https://pip.pypa.io/en/stable/topics/configuration/#precedence-override-order
SECTIONS = ("global", "install", ":env:")


def variables_for_uv(listed: str) -> dict[str, str]:
    """Return what pip is told as environment variables for uv, from the lines of `pip config list`."""
    told: dict[str, str] = {}
    for section in SECTIONS:
        for line in listed.splitlines():
            key, _, value = line.partition("=")
            place, _, option = key.partition(".")
            if place == section and option in VARIABLES:
                several = "," if option == "find-links" else " "
                told[VARIABLES[option]] = several.join(str(ast.literal_eval(value)).split())
    # pip takes the best version of all indexes, and uv that of the first that has the package.
    if "UV_INDEX" in told:
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return told


def works(command: str | Path | None) -> bool:
    """Whether a command can be run: a name on the path proves nothing."""
    tried = [str(command), "--version"]
    return bool(command) and not subprocess.run(tried, capture_output=True, check=False).returncode


def uv() -> str | None:
    """Return a uv that works, or None: the one beside this Python, the one on the path, or one that pip brings."""
    beside = Path(sys.executable).with_name("uv")
    for candidate in (beside if beside.exists() else None, shutil.which("uv")):
        if works(candidate):
            return str(candidate)
    subprocess.run([*PIP, "install", "--constraint", CONSTRAINTS, "uv"], check=False)
    return str(beside) if beside.exists() and works(beside) else None


def install_with_uv(command: str, packages: list[str]) -> int:
    """Run uv, pass on what it says except the list of all packages, and return its exit code."""
    listed = subprocess.run([*PIP[:3], "config", "list"], capture_output=True, text=True, check=True).stdout
    with subprocess.Popen(
        [command, "pip", "install", "--python", sys.executable, "--constraint", str(CONSTRAINTS), *packages],
        env={**variables_for_uv(listed), **os.environ},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.split(maxsplit=1)[:1] not in EACH_PACKAGE:
                print(f"  {line.strip()}", file=sys.stderr, flush=True)
    return process.returncode


def main(packages: list[str]) -> int:
    """Install the packages, with uv or else with pip."""
    command = uv()
    if command and not install_with_uv(command, packages):
        return 0
    print("  uv cannot install them here, so pip does, which takes a minute", file=sys.stderr, flush=True)
    return subprocess.run([*PIP, "install", "--constraint", CONSTRAINTS, *packages], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
