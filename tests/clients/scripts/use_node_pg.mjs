// Node's pg: parameters, named statements, several statements in one text, a transaction, a pool.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

// An import of a module looks beside the script; what is installed lies in the runner's cache.
const pg = createRequire(process.env.CLIENT_ENVIRONMENT + "/")("pg");
const { CLIENT_SCHEMA: schema, CLIENT_BUCKET: bucket } = process.env;
const role = "arn:aws:iam::123456789012:role/reads-s3";
const ssl = { ca: fs.readFileSync(process.env.PGSSLROOTCERT, "utf8") };

async function step(name, act) {
  try {
    await act();
    console.log(JSON.stringify({ step: name }));
  } catch (error) {
    console.log(JSON.stringify({ step: name, error: String(error).replace(/\s+/g, " ") }));
  }
}

const client = new pg.Client({ ssl });
const rows = async (text, values) => (await client.query({ text, values, rowMode: "array" })).rows;

await step("connect", async () => {
  await client.connect();
  assert.deepEqual(await rows("select 41 + 1"), [[42]]);
});
await step("write", async () => {
  await client.query(`create schema ${schema}`);
  await client.query(`create table ${schema}.items (id integer, name varchar(20), weight double precision)`);
  const insert = `insert into ${schema}.items values ($1, $2, $3)`;
  await client.query("begin");
  await client.query(insert, [1, "O'Hara", 0.5]);
  await client.query(insert, [2, null, -1]);
  await client.query("commit");
});
await step("read", async () => {
  const found = await rows(`select * from ${schema}.items where id >= $1 order by id`, [1]);
  assert.deepEqual(found, [[1, "O'Hara", 0.5], [2, null, -1]]);
});
await step("named statement", async () => {
  for (const n of [1, 2, 3]) {
    const { rows } = await client.query({ name: "plus", text: "select $1::integer + 1 as n", values: [n] });
    assert.equal(rows[0].n, n + 1);
  }
});
await step("several statements", async () => {
  const results = await client.query("select 1 as a; select 2 as b");
  assert.deepEqual(results.map((result) => result.rows), [[{ a: 1 }], [{ b: 2 }]]);
});
await step("error", async () => {
  await assert.rejects(client.query("select * from missing where id = $1", [1]), { code: "42P01" });
  assert.deepEqual(await rows("select $1::integer", [7]), [[7]]);
});
await step("list", async () => {
  assert.deepEqual(await rows("select table_name from svv_tables where table_schema = $1", [schema]), [["items"]]);
});
await step("reflect", async () => {
  const asked = "select column_name from svv_columns where table_schema = $1 order by ordinal_position";
  assert.deepEqual(await rows(asked, [schema]), [["id"], ["name"], ["weight"]]);
});
await step("copy", async () => {
  await client.query(`copy ${schema}.items from 's3://${bucket}/items.json' iam_role '${role}' format json 'auto'`);
  assert.deepEqual(await rows(`select count(*)::integer from ${schema}.items`), [[4]]);
});
await step("unload", async () => {
  const select = `select id, name from ${schema}.items`;
  await client.query(`unload ('${select}') to 's3://${bucket}/${schema}/' iam_role '${role}' format parquet`);
});
await step("pool", async () => {
  const pool = new pg.Pool({ ssl, max: 3 });
  const found = await Promise.all([1, 2, 3, 4].map((n) => pool.query("select len($1::varchar) as n", ["x".repeat(n)])));
  assert.deepEqual(found.map((result) => Number(result.rows[0].n)), [1, 2, 3, 4]);
  await pool.end();
});
await client.end();
