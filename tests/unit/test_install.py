"""Packages are installed wherever pip can install them, whatever becomes of uv."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

import pytest

import install

ROOT = Path(__file__).parents[2]


def test_uv_is_told_what_pip_is_told() -> None:
    """The lines are of `pip config list`; a variable decides over a file (pip's page on configuration)."""
    listed = """\
:env:.find-links='/wheels'
:env:.index-url='https://mirror.example/simple'
global.cert='/etc/ssl/corporate.pem'
global.extra-index-url='https://one.example/simple https://two.example/simple'
global.find-links='/elsewhere'
global.index-url='https://other.example/simple'
install.no-compile='true'
"""
    assert install.variables_for_uv(listed) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels",
        "SSL_CERT_FILE": "/etc/ssl/corporate.pem",
    }


@pytest.mark.parametrize(
    ("uv", "said"), [("exit 1", "Installed 1 package"), ('[ "$1" = --version ]', "so pip does")]
)
def test_a_uv_that_cannot_install_stops_nothing(
    uv: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One on the path does not even start, such as a version manager's; another starts, and fails at its task."""
    venv.create(tmp_path / "new", with_pip=True)
    command = tmp_path / "path" / "uv"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\n{uv}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(command.parent), prepend=":")
    python = tmp_path / "new/bin/python"
    run = subprocess.run(
        [python, ROOT / "install.py", "MarkupSafe"], capture_output=True, text=True, check=False
    )
    assert said in run.stderr
    assert run.returncode == 0
    pinned = next(
        line
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if line.startswith("MarkupSafe")
    )
    there = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    assert pinned in there.splitlines()
