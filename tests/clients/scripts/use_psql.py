"""psql: its backslash commands, several statements in one text, variables, COPY and UNLOAD."""

from steps import COPY, CREATE, PASTES, SCHEMA, UNLOAD, USER, ran, same, step


def psql(*commands: str) -> list[str]:
    """The lines that psql prints for commands; its message, if one fails."""
    words = [word for command in commands for word in ("-c", command)]
    return ran("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", *words).splitlines()


def has(lines: list[str], text: str) -> None:
    """Raise AssertionError unless one of the lines has the text."""
    if not any(text in line for line in lines):
        raise AssertionError(f"{text!r} is not in {lines!r}")


with step("connect"):
    same(psql("select 41 + 1"), ["42"])
    has(psql("\\conninfo"), USER)
with step("paste"):
    same(ran("sh", "-c", PASTES["psql"] + " -X -A -t -c 'select 41 + 1'"), "42\n")
with step("write"):
    psql(f"create schema {SCHEMA}", CREATE, f"insert into {SCHEMA}.items (id, name) values (1, 'O''Hara')")
    psql(f"create view {SCHEMA}.names as select name from {SCHEMA}.items")
with step("read"):
    same(psql(f"select id, name, price from {SCHEMA}.items"), ["1|O'Hara|"])
    same(psql("select 1; select 2"), ["1", "2"])
    same(psql(""), [])
for command, text in (
    (f"\\d {SCHEMA}.items", "character varying(20)"),
    (f"\\d+ {SCHEMA}.items", "numeric(8,2)"),
    (f"\\d {SCHEMA}.names", "name|character varying(20)"),
    ("\\d", ""),
    (f"\\dt {SCHEMA}.*", "items"),
    (f"\\dv {SCHEMA}.*", "names"),
    ("\\dn", SCHEMA),
    ("\\du", USER),
    (f"\\dp {SCHEMA}.*", "items"),
    ("\\l", ""),
    ("\\df", ""),
    ("\\di", ""),
    ("\\dT", ""),
):
    with step(command.split()[0]):
        has([*psql(command), ""], text)
with step("copy"):
    psql(COPY)
    same(psql(f"select count(*) from {SCHEMA}.items"), ["3"])
with step("unload"):
    psql(UNLOAD)
