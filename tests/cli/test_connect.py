"""`sparkify connect`: what to paste into a tool, and where it finds the login of whoever serves."""

from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import yaml
from sqlalchemy import make_url

from redshift_local.login import Login
from redshift_local.serve import PASSWORD
from sparkify_assets.cli.serve import served, told
from sparkify_assets.settings import Settings
from tests.command_line import Run, one_line

#: With every character that one of the tools might take for its own.
SPECIAL = "Aa1:;?&=#%+$`!~|^*(){}[]<>,.-_"


@pytest.fixture
def login(sparkify: Run) -> Iterator[Login]:
    """The login of the fixture's warehouse, for as long as it is served in this process."""
    with served(Settings.from_environment(), 0) as (made, _):
        yield made


def test_without_an_option_the_line_for_psql_comes_first(sparkify: Run, login: Login) -> None:
    listed = sparkify("connect").out.splitlines()
    assert listed[0] == "psql"
    assert listed[1].strip() == sparkify("connect", "--psql").out.strip()
    assert f"PGPASSWORD={login.password} psql " in listed[1]
    for tool in ("pandas", "redshift-connector", "jdbc", "dbeaver", "dbt", "superset", "notebook"):
        assert any(f"sparkify connect --{tool} " in line for line in listed)
        assert sparkify("connect", f"--{tool}").out.strip()
    *_, opened = sparkify("connect", "--notebook").out.splitlines()
    assert Path(shlex.split(opened)[-1]).is_file()


def test_serve_tells_the_same_and_no_password_that_was_given(sparkify: Run, login: Login) -> None:
    assert sparkify("connect").out in told(login, made=True)
    assert "to the user analyst, who only reads; Ctrl-C ends it." in told(login, made=True)
    assert login.password not in told(login, made=False)


def test_json_is_the_login_that_serve_prints_and_the_text_of_each_tool(sparkify: Run, login: Login) -> None:
    printed = json.loads(sparkify("connect", "--format", "json").out)
    assert next(iter(printed.pop("paste"))) == "psql"
    assert printed == json.loads(login.as_json())
    only = json.loads(sparkify("connect", "--format", "json", "--jdbc").out)
    assert list(only["paste"]) == ["jdbc"]


def test_a_warehouse_that_is_not_served_is_told_with_the_command_that_serves_it(
    sparkify: Run, tmp_path: Path
) -> None:
    assert "`sparkify serve`" in one_line(sparkify("connect"))
    assert not (tmp_path / "home").exists()  # asking makes nothing
    with served(Settings.from_environment(), 0):
        kept = tmp_path / "home" / "login.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        left = kept.read_text()
    assert not kept.exists()
    assert "is not served" in one_line(sparkify("connect", "--psql"))
    kept.write_text(left)  # as a process leaves it that was killed
    assert "is not served" in one_line(sparkify("connect", "--psql"))
    with served(Settings.from_environment(), 0) as (login, _):
        assert login.password in sparkify("connect", "--psql").out


def test_a_password_that_was_given_is_not_kept(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "Given2Serve")
    with served(Settings.from_environment(), 0):
        assert "Given2Serve" not in (tmp_path / "home" / "login.json").read_text()
        assert "Given2Serve" in sparkify("connect", "--psql").out
        monkeypatch.delenv(PASSWORD)
        printed = sparkify("connect", "--psql")
        assert "PGPASSWORD=YOUR_PASSWORD" in printed.out
        assert "note: YOUR_PASSWORD stands where" in printed.err


def test_it_is_written_to_a_new_file_that_nobody_else_reads(
    sparkify: Run, login: Login, tmp_path: Path
) -> None:
    file = tmp_path / "profiles.yml"
    assert sparkify("connect", "--dbt", "--out", str(file)).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert login.password in file.read_text()
    file.write_text("mine")
    assert "is there already; --force replaces it" in one_line(
        sparkify("connect", "--dbt", "--out", str(file))
    )
    assert file.read_text() == "mine"
    assert sparkify("connect", "--dbt", "--out", str(file), "--force").code == 0
    assert login.password in file.read_text()
    assert "cannot be written" in one_line(
        sparkify("connect", "--dbt", "--out", str(tmp_path / "no" / "file"))
    )


def test_it_takes_one_tool_at_a_time(sparkify: Run, login: Login) -> None:
    assert "one tool at a time" in one_line(sparkify("connect", "--psql", "--dbt"))
    assert "--out needs a tool" in one_line(sparkify("connect", "--out", "file"))


def test_who_pastes_a_profile_for_dbt_is_told_that_the_analyst_only_reads(
    sparkify: Run, login: Login
) -> None:
    assert "serve --read-write" in sparkify("connect", "--dbt").err


def test_who_may_change_rows_is_told_so(sparkify: Run) -> None:
    with served(Settings.from_environment(), 0, read_write=True):
        assert "editor changes rows" in sparkify("connect", "--pandas").err


def test_every_character_of_a_password_arrives() -> None:
    login = Login("127.0.0.1", 5439, "sparkify", "analyst", SPECIAL, "/a folder/root.pem")
    texts = {name: paste.text for name, paste in login.pastes("select 1").items()}

    assigned, command, dsn = shlex.split(texts["psql"])
    assert (assigned, command) == (f"PGPASSWORD={SPECIAL}", "psql")
    assert dsn.endswith("sslmode=verify-full sslrootcert='/a folder/root.pem'")

    url = make_url(texts["superset"])
    assert (url.username, url.password, url.port) == ("analyst", SPECIAL, 5439)
    assert url.query == {"sslmode": "verify-full", "sslrootcert": "/a folder/root.pem"}

    [profile] = yaml.safe_load(texts["dbt"])["sparkify"]["outputs"].values()
    assert (profile["password"], profile["port"], profile["sslmode"]) == (SPECIAL, 5439, "verify-full")

    amazon, postgresql = texts["jdbc"].splitlines()
    properties = dict(part.split("=") for part in amazon.split(";")[1:])
    assert unquote(properties["PWD"]) == SPECIAL
    assert unquote(properties["sslrootcert"]) == "/a folder/root.pem"
    assert dict(parse_qsl(urlsplit(postgresql.removeprefix("jdbc:")).query))["password"] == SPECIAL

    [_, _, parts] = shlex.split(texts["dbeaver"])
    assert "|password=" not in parts  # DBeaver has no way to write one with a |, and asks for it
    assert (
        f"|password={SPECIAL.replace('|', '')}|"
        in shlex.split(Login("h", 1, "d", "u", SPECIAL.replace("|", ""), "r").pastes("")["dbeaver"].text)[2]
    )

    for name in ("pandas", "redshift-connector"):
        compile(texts[name], name, "exec")
