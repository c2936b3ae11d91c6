"""pg8000: the interface of its own (parameters by name, the simple protocol without them) and DB-API's."""

import ssl

import pg8000.dbapi
import pg8000.native
from steps import (
    COPY,
    CREATE,
    LIST,
    LOGIN,
    REFLECT,
    REFLECTED,
    ROOT_CERTIFICATE,
    ROWS,
    SCHEMA,
    UNLOAD,
    USER,
    same,
    step,
)

where = LOGIN | {"ssl_context": ssl.create_default_context(cafile=ROOT_CERTIFICATE)}

with step("connect"):
    native = pg8000.native.Connection(**where)
    same(native.run("select current_user"), [[USER]])

with step("write"):
    connection = pg8000.dbapi.connect(**where)
    cursor = connection.cursor()
    cursor.execute(f"create schema {SCHEMA}")
    cursor.execute(CREATE)
    cursor.executemany(f"insert into {SCHEMA}.items values (%s, %s, %s, %s, %s, %s, %s)", ROWS)
    connection.commit()

with step("read"):
    cursor.execute(f"select * from {SCHEMA}.items order by id")
    same([tuple(row) for row in cursor.fetchall()], ROWS)
    same(native.run(f"select name from {SCHEMA}.items where id = :id", id=1), [["O'Hara"]])

with step("prepared"):
    statement = native.prepare("select cast(:n as integer) + 1")
    for number in range(8):
        same(statement.run(n=number), [[number + 1]])
    statement.close()

with step("list"):
    same(native.run(LIST), [["items"]])

with step("reflect"):
    same([tuple(row) for row in native.run(REFLECT)], REFLECTED)

with step("copy"):
    cursor.execute(COPY)
    connection.commit()
    same(native.run(f"select count(*) from {SCHEMA}.items"), [[5]])

with step("unload"):
    cursor.execute(UNLOAD)
    connection.commit()
