"""What clients ask of the catalog, in the shapes of their own queries, and the rows that follow from the DDL.

The shapes are those of psql 15, redshift_connector 2.2, amazon-redshift-jdbc-driver 2, sqlalchemy-redshift 1.0,
dbt-redshift 1.11, SQLMesh 0.236, awswrangler 3.17 and soda 3.5.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

Sql = Callable[..., list[tuple]]


@pytest.fixture(autouse=True)
def model(sql: Sql, schema: str) -> None:
    """Two tables with keys, a view, and comments."""
    sql("""
        create table shared.songs (
            song_id varchar(18) not null encode zstd,
            title varchar(256),
            year smallint,
            duration decimal(9, 5) default 1.5,
            primary key (song_id)
        ) diststyle all sortkey (song_id);
        create table shared.plays (
            play_id bigint identity(0, 1),
            song_id varchar(18) references shared.songs,
            level char(4),
            started timestamp not null,
            primary key (started, play_id)
        ) distkey (song_id) compound sortkey (started, play_id);
        create view shared.titles as select title, year from shared.songs;
        comment on table shared.songs is 'what is played';
        comment on column shared.songs.year is 'of its release';
    """)


def test_psql_lists_tables(sql: Sql) -> None:
    assert sql("""
        SELECT n.nspname as "Schema", c.relname as "Name",
          CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
            WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 's' THEN 'special' END as "Type"
        FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r','p','v','m','S','f','')
          AND n.nspname OPERATOR(pg_catalog.~) '^(shared)$'
        ORDER BY 1,2
    """) == [
        ("shared", "plays", "table"), ("shared", "songs", "table"), ("shared", "titles", "view"),
    ]  # fmt: skip


def test_psql_describes_a_table(sql: Sql) -> None:
    [(oid, kind, has_index, has_oids, has_keys)] = sql("""
        SELECT c.oid, c.relkind, c.relhasindex, c.relhasoids, c.relhastriggers FROM pg_catalog.pg_class c
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname OPERATOR(pg_catalog.~) '^(plays)$' AND n.nspname OPERATOR(pg_catalog.~) '^(shared)$'
    """)
    assert (kind, has_index, has_oids, has_keys) == ("r", True, False, True)
    assert sql(f"""
        SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
          (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d
           WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef), a.attnotnull
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = '{oid}' AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum
    """) == [
        ("play_id", "bigint", f"\"identity\"({oid}, 0, '0,1'::text)", True),
        ("song_id", "character varying(18)", None, False),
        ("level", "character(4)", None, False),
        ("started", "timestamp without time zone", None, True),
    ]  # fmt: skip
    assert sql(f"""
        SELECT c2.relname, i.indisprimary, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true)
        FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i
        LEFT JOIN pg_catalog.pg_constraint con
          ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x'))
        WHERE c.oid = '{oid}' AND c.oid = i.indrelid AND i.indexrelid = c2.oid
    """) == [
        ("plays_pkey", True, True, "CREATE UNIQUE INDEX plays_pkey ON shared.plays USING btree (started, play_id)")
    ]  # fmt: skip


def test_psql_lists_schemas_and_functions(sql: Sql) -> None:
    assert sql("""
        SELECT n.nspname AS "Name" FROM pg_catalog.pg_namespace n
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1
    """) == [("public",), ("shared",)]
    assert (
        sql("""
        SELECT p.proname AS "Name", CASE WHEN p.proisagg THEN 'agg' WHEN p.proiswindow THEN 'window' ELSE 'func' END
        FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE pg_catalog.pg_function_is_visible(p.oid) AND n.nspname <> 'pg_catalog'
          AND n.nspname <> 'information_schema'
    """)
        == []
    )
    assert sql("""
        select proname, nspname from pg_proc as p join pg_namespace as n on n.oid = pronamespace
        where proname = 'getdate' and pg_function_is_visible(p.oid)
    """) == [("getdate", "pg_catalog")]


def test_drivers_find_primary_and_foreign_keys(sql: Sql) -> None:
    """redshift_connector's get_primary_keys, and getImportedKeys of the JDBC driver."""
    assert sql("""
        SELECT ct.relname, a.attname, a.attnum, ci.relname
        FROM pg_catalog.pg_namespace n, pg_catalog.pg_class ct, pg_catalog.pg_class ci, pg_catalog.pg_attribute a,
          pg_catalog.pg_index i
        WHERE ct.oid=i.indrelid AND ci.oid=i.indexrelid AND a.attrelid=ci.oid AND i.indisprimary
          AND ct.relnamespace = n.oid AND n.nspname = 'shared' ORDER BY 1, 3
    """) == [
        ("plays", "started", 1, "plays_pkey"), ("plays", "play_id", 2, "plays_pkey"),
        ("songs", "song_id", 1, "songs_pkey"),
    ]  # fmt: skip
    assert sql("""
        SELECT pkc.relname, pka.attname, fkc.relname, fka.attname, pos.n, con.conname, pkic.relname
        FROM pg_catalog.pg_namespace pkn, pg_catalog.pg_class pkc, pg_catalog.pg_attribute pka,
          pg_catalog.pg_namespace fkn, pg_catalog.pg_class fkc, pg_catalog.pg_attribute fka,
          pg_catalog.pg_constraint con, pg_catalog.generate_series(1, 32) pos(n), pg_catalog.pg_class pkic,
          pg_catalog.pg_depend dep
        WHERE pkn.oid = pkc.relnamespace AND pkc.oid = pka.attrelid AND pka.attnum = con.confkey[pos.n]
          AND con.confrelid = pkc.oid AND fkn.oid = fkc.relnamespace AND fkc.oid = fka.attrelid
          AND fka.attnum = con.conkey[pos.n] AND con.conrelid = fkc.oid AND con.contype = 'f' AND pkic.relkind = 'i'
          AND con.oid = dep.objid AND pkic.oid = dep.refobjid AND dep.classid = 'pg_constraint'::regclass::oid
          AND dep.refclassid = 'pg_class'::regclass::oid AND fkc.relname = 'plays'
    """) == [("songs", "song_id", "plays", "song_id", 1, "plays_song_id_fkey", "songs_pkey")]


def test_drivers_list_schemas_tables_and_columns(sql: Sql) -> None:
    assert ("shared",) in sql("""
        SELECT nspname AS TABLE_SCHEM FROM pg_catalog.pg_namespace
        WHERE nspname <> 'pg_toast' AND (nspname !~ '^pg_temp_' OR nspname = (pg_catalog.current_schemas(true))[1])
          AND (nspname !~ '^pg_toast_temp_'
            OR nspname = replace((pg_catalog.current_schemas(true))[1], 'pg_temp_', 'pg_toast_temp_'))
    """)
    assert sql("""
        SELECT database_name = current_database(), table_name, table_type FROM PG_CATALOG.SVV_ALL_TABLES
        WHERE schema_name = 'shared' ORDER BY table_name
    """) == [(True, "plays", "TABLE"), (True, "songs", "TABLE"), (True, "titles", "VIEW")]
    assert sql("""
        SELECT c.relname, d.description FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c
        LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0)
        LEFT JOIN pg_catalog.pg_class dc ON (d.classoid=dc.oid AND dc.relname='pg_class')
        LEFT JOIN pg_catalog.pg_namespace dn ON (dn.oid=dc.relnamespace AND dn.nspname='pg_catalog')
        WHERE c.relnamespace = n.oid AND n.nspname = 'shared' AND c.relkind = 'r' ORDER BY 1
    """) == [("plays", None), ("songs", "what is played")]
    assert sql("""
        SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,
          column_default
        FROM PG_CATALOG.svv_all_columns WHERE schema_name = 'shared' AND table_name = 'songs' ORDER BY ordinal_position
    """) == [
        ("song_id", "character varying", 18, None, None, "NO", None),
        ("title", "character varying", 256, None, None, "YES", None),
        ("year", "smallint", None, 16, 0, "YES", None),
        ("duration", "numeric", None, 9, 5, "YES", "1.5"),
    ]  # fmt: skip


def test_sqlalchemy_redshift_reflects_columns(sql: Sql) -> None:
    assert sql("""
        SELECT c.relname as "table_name", att.attname as "name",
          format_encoding(att.attencodingtype::integer) as "encode", format_type(att.atttypid, att.atttypmod) as "type",
          att.attisdistkey as "distkey", att.attsortkeyord as "sortkey", att.attnotnull as "notnull",
          pg_catalog.col_description(att.attrelid, att.attnum) as "comment", adsrc
        FROM pg_catalog.pg_class c
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute att ON att.attrelid = c.oid
        LEFT JOIN pg_catalog.pg_attrdef ad ON (att.attrelid, att.attnum) = (ad.adrelid, ad.adnum)
        WHERE n.nspname !~ '^pg_' AND att.attnum > 0 AND NOT att.attisdropped AND relname = 'songs'
        UNION
        SELECT view_name as "table_name", col_name as "name", null as "encode", col_type as "type", null as "distkey",
          0 as "sortkey", null as "notnull", null as "comment", null as "adsrc"
        FROM pg_get_late_binding_view_cols() cols(
          view_schema name, view_name name, col_name name, col_type varchar, col_num int)
        UNION
        SELECT c.tablename AS "table_name", c.columnname AS "name", null AS "encode", c.external_type AS "type",
          false AS "distkey", 0 AS "sortkey", null AS "notnull", null as "comment", null AS "adsrc"
        FROM svv_external_columns c JOIN svv_external_schemas s ON s.schemaname = c.schemaname
        ORDER BY 1, 2
    """) == [
        ("songs", "duration", "az64", "numeric(9,5)", False, 0, False, None, "1.5"),
        ("songs", "song_id", "zstd", "character varying(18)", False, 1, True, None, None),
        ("songs", "title", "lzo", "character varying(256)", False, 0, False, None, None),
        ("songs", "year", "az64", "smallint", False, 0, False, "of its release", None),
    ]  # fmt: skip


def test_sqlalchemy_redshift_reflects_keys(sql: Sql) -> None:
    assert sql("""
        SELECT c.relname, t.contype, t.conname, a.attname,
          pg_catalog.pg_get_constraintdef(t.oid, true)::varchar(512) as condef, array[1::SMALLINT] as "conkey"
        FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_constraint t ON t.conrelid = c.oid
        JOIN pg_catalog.pg_attribute a ON t.conrelid = a.attrelid AND a.attnum = ANY(t.conkey)
        WHERE n.nspname !~ '^pg_' AND c.relname = 'plays' ORDER BY 3, a.attnum
    """) == [
        ("plays", "p", "plays_pkey", "play_id", "PRIMARY KEY (started, play_id)", [1]),
        ("plays", "p", "plays_pkey", "started", "PRIMARY KEY (started, play_id)", [1]),
        ("plays", "f", "plays_song_id_fkey", "song_id", "FOREIGN KEY (song_id) REFERENCES shared.songs(song_id)", [1]),
    ]  # fmt: skip
    assert sql("""select '"shared"."songs"'::regclass::oid > 0""") == [(True,)]


def test_dbt_lists_relations_and_columns(sql: Sql) -> None:
    assert sql("""
        select tbl.relname as table_name,
          case when tbl.relkind = 'v' and mat_views.table_name is not null then 'MATERIALIZED VIEW'
            when tbl.relkind = 'v' then 'VIEW' else 'BASE TABLE' end as table_type,
          col.attname, pg_catalog.format_type(col.atttypid, col.atttypmod) as column_type, col_desc.description
        from pg_catalog.pg_namespace sch
        join pg_catalog.pg_class tbl on tbl.relnamespace = sch.oid
        join pg_catalog.pg_attribute col on col.attrelid = tbl.oid
        left outer join pg_catalog.pg_description col_desc
          on col_desc.objoid = tbl.oid and col_desc.objsubid = col.attnum
        left outer join information_schema.views mat_views
          on mat_views.table_schema = sch.nspname and mat_views.table_name = tbl.relname
          and mat_views.view_definition ilike '%create materialized view%'
        where tbl.relkind in ('r', 'v', 'f', 'p') and col.attnum > 0 and not col.attisdropped
          and upper(sch.nspname) = upper('shared') and tbl.relname <> 'plays'
        order by 1, col.attnum
    """) == [
        ("songs", "BASE TABLE", "song_id", "character varying(18)", None),
        ("songs", "BASE TABLE", "title", "character varying(256)", None),
        ("songs", "BASE TABLE", "year", "smallint", "of its release"),
        ("songs", "BASE TABLE", "duration", "numeric(9,5)", None),
        ("titles", "VIEW", "title", "character varying(256)", None),
        ("titles", "VIEW", "year", "smallint", None),
    ]  # fmt: skip
    assert sql("""
        with bound_views as (
          select ordinal_position, table_schema, column_name, data_type, character_maximum_length, numeric_precision,
            numeric_scale
          from information_schema."columns" where table_name = 'titles'
        ), unbound_views as (
          select ordinal_position, view_schema, col_name, col_type, null::int, null::int, null::int
          from pg_get_late_binding_view_cols()
            cols(view_schema name, view_name name, col_name name, col_type varchar, ordinal_position int)
        ), unioned as (select * from bound_views union all select * from unbound_views)
        select column_name, data_type, character_maximum_length, numeric_precision from unioned
        where table_schema = 'shared' order by ordinal_position
    """) == [("title", "character varying", 256, None), ("year", "smallint", None, 16)]


def test_dbt_reads_dependencies_and_table_info(sql: Sql) -> None:
    assert sql("""
        with relation as (
          select pg_class.oid as relation_id, pg_class.relname as relation_name, pg_namespace.nspname as schema_name
          from pg_class join pg_namespace on pg_class.relnamespace = pg_namespace.oid
          where pg_namespace.nspname != 'information_schema' and pg_namespace.nspname not like 'pg_%'
        ), dependency as (
          select distinct coalesce(pg_rewrite.ev_class, pg_depend.objid) as dep_relation_id,
            pg_depend.refobjid as ref_relation_id
          from pg_depend left join pg_rewrite on pg_depend.objid = pg_rewrite.oid
          where coalesce(pg_rewrite.ev_class, pg_depend.objid) != pg_depend.refobjid
        )
        select distinct dep.relation_name, ref.relation_name from dependency
        join relation ref on dependency.ref_relation_id = ref.relation_id
        join relation dep on dependency.dep_relation_id = dep.relation_id
    """) == [("titles", "songs")]
    info = (
        'select "table", encoded, diststyle, sortkey1, max_varchar, sortkey_num, tbl_rows from svv_table_info'
    )
    assert sql(info) == []  # "doesn't return any information for empty tables"
    sql("insert into shared.songs (song_id) values ('a'), ('b')")
    assert sql(info) == [("songs", "Y", "ALL", "song_id", 256, 1, 2)]
    sql("insert into shared.plays (song_id, started) values ('a', '2018-11-01')")
    assert sql(f"{info} where \"table\" = 'plays'") == [("plays", "Y", "KEY(song_id)", "started", 18, 2, 1)]


def test_sqlmesh_awswrangler_and_soda(sql: Sql) -> None:
    assert sql("""
        SELECT column_name AS column_name, data_type AS data_type, character_maximum_length, numeric_precision
        FROM svv_columns WHERE table_schema = 'shared' AND table_name = 'titles' ORDER BY ordinal_position
    """) == [("title", "character varying", 256, None), ("year", "smallint", None, 16)]
    assert sql("SELECT tablename AS name FROM pg_tables WHERE schemaname ILIKE 'shared' ORDER BY 1") == [
        ("plays",), ("songs",),
    ]  # fmt: skip
    assert sql("SELECT indexdef FROM pg_indexes WHERE schemaname = 'shared' AND tablename = 'songs'") == [
        ("CREATE UNIQUE INDEX songs_pkey ON shared.songs USING btree (song_id)",)
    ]
    assert sql("""
        SELECT true WHERE EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES
        WHERE TABLE_SCHEMA = 'shared' AND TABLE_NAME = 'songs')
    """) == [(True,)]


def test_sqlalchemys_dialect_for_postgresql_finds_a_table(sql: Sql) -> None:
    assert sql("""
        SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class
        JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace
        WHERE pg_catalog.pg_class.relname = 'songs'
          AND pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm'])
          AND pg_catalog.pg_namespace.nspname = 'shared'
    """) == [("songs",)]


def test_rights_are_listed(sql: Sql) -> None:
    sql("create user reader")
    sql("grant select on shared.songs to reader; grant usage on schema shared to reader")
    assert sql("""
        select identity_name, identity_type, privilege_type, admin_option from svv_relation_privileges
        where namespace_name = 'shared' and identity_name <> current_user
    """) == [("reader", "user", "SELECT", False)]
    assert sql("""
        select u.usename, privilege_type from pg_user u
        cross join (select 'select' as privilege_type union all select 'insert') p
        where has_table_privilege(u.usename, 'shared.songs', privilege_type) and not u.usesuper
    """) == [("reader", "select")]
    assert ("reader", "USAGE") in sql(
        "select identity_name, privilege_type from svv_schema_privileges where namespace_name = 'shared'"
    )


def test_dbt_knows_a_materialized_view(sql: Sql) -> None:
    sql(
        "create materialized view shared.years backup no auto refresh no as select distinct year from shared.songs"
    )
    assert sql("""
        select case when tbl.relkind = 'v' and mat_views.table_name is not null then 'MATERIALIZED VIEW' else 'VIEW' end
        from pg_catalog.pg_class tbl left outer join information_schema.views mat_views
          on mat_views.table_schema = 'shared' and mat_views.table_name = tbl.relname
          and mat_views.view_definition ilike '%create materialized view%'
        where tbl.relname in ('years', 'titles') order by tbl.relname
    """) == [("VIEW",), ("MATERIALIZED VIEW",)]
    assert sql("select trim(name), is_stale from svv_mv_info where trim(schema_name) = 'shared'") == [
        ("years", "f")
    ]
    assert sql("""
        select vw.definition ilike 'create materialized view %' from pg_views vw
        where vw.viewname = 'years' and vw.schemaname = 'shared'
    """) == [(True,)]


def test_a_late_binding_view_has_its_columns_in_a_function_of_its_own(sql: Sql) -> None:
    """PG_GET_LATE_BINDING_VIEW_COLS; r_SVV_COLUMNS: "including late-binding views"."""
    sql("create view shared.late as select title, duration from shared.songs with no schema binding")
    assert sql("""
        select view_schema, view_name, col_name, col_type, col_num
        from pg_get_late_binding_view_cols() cols(
          view_schema name, view_name name, col_name name, col_type varchar, col_num int)
    """) == [
        ("shared", "late", "title", "character varying(256)", 1), ("shared", "late", "duration", "numeric(9,5)", 2),
    ]  # fmt: skip
    early = "select column_name from information_schema.columns where table_name = 'late'"
    assert sql(early) == sql(
        "select attname from pg_attribute where attrelid = 'shared.late'::regclass and attnum > 0"
    )
    assert sql(early) == []
    assert sql("select column_name from svv_columns where table_name = 'late' order by ordinal_position") == [
        ("title",), ("duration",),
    ]  # fmt: skip
