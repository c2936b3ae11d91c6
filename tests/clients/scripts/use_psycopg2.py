"""psycopg 2: parameters, its helpers for many rows, a cursor on the server, and the reset that pools send."""

import psycopg2
from psycopg2.extras import execute_batch, execute_values
from steps import COPY, CREATE, LIST, REFLECT, REFLECTED, ROWS, SCHEMA, UNLOAD, same, step


def ask(text: str, parameters: tuple = ()) -> list[tuple]:
    with connection, connection.cursor() as cursor:
        cursor.execute(text, parameters)
        return cursor.fetchall()


with step("connect"):
    connection = psycopg2.connect(
        "", application_name="clients", options="-c datestyle=ISO -c statement_timeout=60000"
    )
    same(ask("show application_name"), [("clients",)])
    same(connection.info.parameter_status("server_version"), "8.0.2")

with step("write"), connection, connection.cursor() as cursor:
    cursor.execute(f"create schema {SCHEMA}")
    cursor.execute(CREATE)
    execute_values(cursor, f"insert into {SCHEMA}.items values %s", ROWS[:2])
    execute_batch(cursor, f"insert into {SCHEMA}.items values (%s, %s, %s, %s, %s, %s, %s)", ROWS[2:])

with step("read"):
    same(ask(f"select * from {SCHEMA}.items order by id"), ROWS)
    same(ask(f"select id from {SCHEMA}.items where name like %s and made < %s", ("O'%", ROWS[0][4])), [(1,)])

with step("list"):
    same(ask(LIST), [("items",)])

with step("reflect"):
    same(ask(REFLECT), REFLECTED)

with step("server cursor"), connection, connection.cursor(name="walk") as cursor:
    cursor.execute(f"select id from {SCHEMA}.items order by id")
    same(cursor.fetchmany(2), [(1,), (2,)])

with step("rollback"):
    with connection.cursor() as cursor:
        cursor.execute(f"delete from {SCHEMA}.items")
    connection.rollback()
    same(ask(f"select count(*) from {SCHEMA}.items"), [(3,)])

with step("reset"):
    before = ask("select current_user")
    connection.reset()
    same(ask("select current_user"), before)
    same(ask("select len('abc')"), [(3,)])

with step("copy"), connection, connection.cursor() as cursor:
    cursor.execute(COPY)
    cursor.execute(f"select count(*) from {SCHEMA}.items")
    same(cursor.fetchall(), [(5,)])

with step("unload"), connection, connection.cursor() as cursor:
    cursor.execute(UNLOAD)
