"""asyncpg: everything in binary over the extended protocol, and its pool, which resets each session it takes back."""

import asyncio
import ssl

import asyncpg
from steps import COPY, CREATE, LIST, REFLECT, REFLECTED, ROOT_CERTIFICATE, ROWS, SCHEMA, UNLOAD, same, step


async def main() -> None:
    context = ssl.create_default_context(cafile=ROOT_CERTIFICATE)
    with step("connect"):
        connection = await asyncpg.connect(ssl=context)
        same(connection.get_server_version().major, 8)
        same(await connection.fetchval("select 41 + 1"), 42)

    with step("write"):
        await connection.execute(f"create schema {SCHEMA}")
        await connection.execute(CREATE)
        insert = f"insert into {SCHEMA}.items values ($1, $2, $3, $4, $5, $6, $7)"
        async with connection.transaction():
            await connection.executemany(insert, ROWS)

    with step("read"):
        same(
            [tuple(row) for row in await connection.fetch(f"select * from {SCHEMA}.items order by id")], ROWS
        )
        found = await connection.fetch(
            f"select id from {SCHEMA}.items where made < $1 and good", ROWS[0][4].date()
        )
        same([tuple(row) for row in found], [])

    with step("prepared"):
        statement = await connection.prepare("select $1::integer * 2 as doubled, $2::varchar(8) as text")
        for number in range(8):
            same(tuple(await statement.fetchrow(number, "x" * number)), (number * 2, "x" * number))

    with step("list"):
        same([row[0] for row in await connection.fetch(LIST)], ["items"])

    with step("reflect"):
        same([tuple(row) for row in await connection.fetch(REFLECT)], REFLECTED)

    with step("cursor"):
        async with connection.transaction():
            walked = [
                row["id"]
                async for row in connection.cursor(f"select id from {SCHEMA}.items order by 1", prefetch=2)
            ]
        same(walked, [1, 2, 3])

    with step("copy"):
        await connection.execute(COPY)
        same(await connection.fetchval(f"select count(*) from {SCHEMA}.items"), 5)

    with step("unload"):
        await connection.execute(UNLOAD)

    with step("pool"):
        async with asyncpg.create_pool(ssl=context, min_size=2, max_size=2) as pool:
            for _ in range(4):
                same(await pool.fetchval("select len($1::varchar)", "abc"), 3)


asyncio.run(main())
