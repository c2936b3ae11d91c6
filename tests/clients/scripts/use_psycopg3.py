"""psycopg 3: parameters in text and binary, prepared statements, cursors of the client and the server, a pool."""

import asyncio

import psycopg
from psycopg_pool import ConnectionPool
from steps import COPY, CREATE, LIST, REFLECT, REFLECTED, ROWS, SCHEMA, UNLOAD, same, step

with step("connect"):
    connection = psycopg.connect(autocommit=True, application_name="clients")
    same(connection.execute("show application_name").fetchone(), ("clients",))
    same("Redshift" in connection.execute("select version()").fetchone()[0], True)

with step("write"):
    connection.execute(f"create schema {SCHEMA}")
    connection.execute(CREATE)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(f"insert into {SCHEMA}.items values (%s, %s, %s, %s, %s, %s, %s)", ROWS)
        same(cursor.rowcount, len(ROWS))

with step("read"):
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        same(cursor.execute(f"select * from {SCHEMA}.items order by id").fetchall(), ROWS)
        found = cursor.execute(
            f"select name from {SCHEMA}.items where id = %s and made < %s", (1, ROWS[0][4])
        )
        same(found.fetchall(), [("O'Hara",)])

with step("prepared"):
    for number in range(8):
        [found] = connection.execute("select %s::integer + 1", (number,), prepare=True).fetchone()
        same(found, number + 1)

with step("list"):
    same(connection.execute(LIST).fetchall(), [("items",)])

with step("reflect"):
    same(connection.execute(REFLECT).fetchall(), REFLECTED)

with step("client cursor"):
    cursor = psycopg.ClientCursor(connection)
    same(cursor.execute(f"select count(*) from {SCHEMA}.items where id > %s", (1,)).fetchone(), (2,))

with step("server cursor"), connection.transaction(), connection.cursor(name="walk") as cursor:
    same(len(cursor.execute(f"select * from {SCHEMA}.items").fetchmany(2)), 2)

with step("rollback"):
    with connection.transaction(force_rollback=True):
        connection.execute(f"delete from {SCHEMA}.items")
    same(connection.execute(f"select count(*) from {SCHEMA}.items").fetchone(), (3,))

with step("copy"):
    connection.execute(COPY)
    same(connection.execute(f"select count(*) from {SCHEMA}.items").fetchone(), (5,))

with step("unload"):
    connection.execute(UNLOAD)

with step("pool"), ConnectionPool("", min_size=2, open=True, timeout=20) as pool:
    for _ in range(4):
        with pool.connection() as pooled:
            same(pooled.execute("select len('abc'), getdate() is not null").fetchone(), (3, True))

with step("async"):

    async def ask() -> tuple:
        async with await psycopg.AsyncConnection.connect() as opened:
            return await (await opened.execute("select %s::varchar(5)", ("hello",))).fetchone()

    same(asyncio.run(ask()), ("hello",))
