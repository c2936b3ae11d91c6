-- PostgreSQL's catalog as Redshift has it: with the columns that Redshift adds, VARCHAR(n) and CHAR(n) as such, keys as
-- they were declared, and the objects of schema redshift in pg_catalog. What only this package needs is left out.

create or replace view redshift.pg_namespace as
select oid, nspname, nspowner, nspacl
from pg_namespace
where nspname not in ('redshift', 'redshift_information');

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_CLASS_INFO.html, viewing-distribution-styles.html
create or replace view redshift.pg_class as
select
    c.oid,
    c.relname,
    case when c.relnamespace = 'redshift'::regnamespace then 'pg_catalog'::regnamespace::oid else c.relnamespace end
    as relnamespace,
    c.reltype,
    c.relowner,
    c.relam,
    c.relfilenode,
    c.reltablespace,
    c.relpages,
    c.reltuples,
    c.reltoastrelid,
    0::oid as reltoastidxid,
    redshift.key_count(c.oid, 'p') + redshift.key_count(c.oid, 'u') > 0 as relhasindex,
    c.relisshared,
    case c.relkind when 'm' then 'v' when 'p' then 'r' else c.relkind end as relkind,
    c.relnatts,
    0::oid as relexternid,
    false as relisreplicated,
    false as relispinned,
    case when c.relkind in ('r', 'p') and c.oid >= 16384 then coalesce(t.diststyle, 9) else 0 end::smallint
    as reldiststyle,
    0::oid as relprojbaseid,
    c.relchecks,
    redshift.key_count(c.oid, 'f') as reltriggers,
    redshift.key_count(c.oid, 'u') as relukeys,
    redshift.key_count(c.oid, 'f') as relfkeys,
    redshift.reference_count(c.oid) as relrefs,
    false as relhasoids,
    redshift.key_count(c.oid, 'p') > 0 as relhaspkey,
    c.relhasrules,
    c.relhassubclass,
    c.relacl,
    case
        when c.relkind not in ('r', 'p') or c.oid < 16384 then 0
        when coalesce(t.diststyle, 9) = 9 then 10
        else t.diststyle
    end::smallint as releffectivediststyle,
    c.relpersistence,
    c.relhastriggers or redshift.key_count(c.oid, 'f') + redshift.reference_count(c.oid) > 0 as relhastriggers,
    c.relrowsecurity,
    c.relforcerowsecurity,
    c.relispopulated,
    c.relreplident,
    c.relispartition,
    c.reloftype,
    c.reloptions,
    c.relpartbound
from pg_class as c
left join redshift.table_attributes as t on c.oid = t.relation
where c.oid < 16384
    or (
        c.relkind in ('r', 'v', 'm', 'f', 'p')
        and c.relnamespace <> 'redshift_information'::regnamespace
        and (
            c.relnamespace <> 'redshift'::regnamespace
            or (c.relkind = 'v' and to_regclass('pg_catalog.' || c.relname) is null)
        )
    )
union all
select
    k.id,
    k.key_name,
    c.relnamespace,
    0,
    c.relowner,
    403, -- btree
    0,
    0,
    1,
    0,
    0,
    0,
    false,
    false,
    'i',
    cardinality(k.columns)::smallint,
    0,
    false,
    false,
    0::smallint,
    0,
    0::smallint,
    0::smallint,
    0::smallint,
    0::smallint,
    0::smallint,
    false,
    false,
    false,
    false,
    null,
    0::smallint,
    c.relpersistence,
    false,
    false,
    false,
    true,
    'n',
    false,
    0,
    null,
    null
from redshift.table_keys as k
inner join pg_class as c on k.relation = c.oid
where k.kind in ('p', 'u');

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_TABLE_DEF.html: the same facts by name
create or replace view redshift_information._attribute as
select
    a.attrelid,
    a.attname,
    case when u.own then redshift.base_type(a.atttypid) else a.atttypid end as atttypid,
    a.attstattarget,
    a.attlen,
    a.attnum,
    a.attndims,
    -1 as attcacheoff,
    case when u.own then redshift.base_modifier(a.atttypid, a.atttypmod) else a.atttypmod end as atttypmod,
    a.attbyval,
    a.attstorage,
    a.attalign,
    a.attnotnull,
    a.atthasdef or a.attidentity <> '' as atthasdef,
    a.attisdropped,
    a.attislocal,
    a.attinhcount,
    false as attispreloaded,
    coalesce(t.distkey = a.attnum, false) as attisdistkey,
    coalesce(
        array_position(t.sortkey, a.attnum)
        * case when t.interleaved and mod(array_position(t.sortkey, a.attnum), 2) = 1 then -1 else 1 end,
        0
    ) as attsortkeyord,
    coalesce(
        redshift.encoding_code(t.encodings ->> a.attnum::text),
        case
            when not u.own or a.attnum < 0 or a.attnum = any(t.sortkey) then 0
            when c.relkind not in ('r', 'p') or c.relpersistence = 't' then 0
            else redshift.default_encoding(redshift.base_type(a.atttypid))
        end
    )::smallint as attencodingtype,
    0::smallint as attencrypttype,
    a.attcollation,
    a.attacl,
    a.attidentity,
    a.attgenerated,
    a.attcompression,
    a.atthasmissing,
    a.attoptions,
    a.attfdwoptions,
    c.relkind = 'v' and coalesce(c.reloptions @> array['security_barrier=false'], false) as late
from pg_attribute as a
inner join pg_class as c on a.attrelid = c.oid
left join redshift.table_attributes as t on a.attrelid = t.relation
cross join lateral (select c.oid >= 16384 and c.relnamespace <> 'redshift'::regnamespace as own) as u
union all
select
    k.id,
    a.attname,
    redshift.base_type(a.atttypid),
    a.attstattarget,
    a.attlen,
    n.place::smallint,
    a.attndims,
    -1,
    redshift.base_modifier(a.atttypid, a.atttypmod),
    a.attbyval,
    a.attstorage,
    a.attalign,
    false,
    false,
    false,
    true,
    0::smallint,
    false,
    false,
    0,
    0::smallint,
    0::smallint,
    a.attcollation,
    null,
    '',
    '',
    '',
    false,
    null,
    null,
    false
from redshift.table_keys as k
cross join lateral unnest(k.columns) with ordinality as n (number, place)
inner join pg_attribute as a on k.relation = a.attrelid and n.number = a.attnum
where k.kind in ('p', 'u');

-- Without the columns of late-binding views (functions/late_binding.sql), which have a function of their own.
create or replace view redshift.pg_attribute as
select
    attrelid,
    attname,
    atttypid,
    attstattarget,
    attlen,
    attnum,
    attndims,
    attcacheoff,
    atttypmod,
    attbyval,
    attstorage,
    attalign,
    attnotnull,
    atthasdef,
    attisdropped,
    attislocal,
    attinhcount,
    attispreloaded,
    attisdistkey,
    attsortkeyord,
    attencodingtype,
    attencrypttype,
    attcollation,
    attacl,
    attidentity,
    attgenerated,
    attcompression,
    atthasmissing,
    attoptions,
    attfdwoptions
from redshift_information._attribute
where not late;

-- https://docs.aws.amazon.com/redshift/latest/dg/PG_GET_LATE_BINDING_VIEW_COLS.html
create or replace function redshift.pg_get_late_binding_view_cols() returns setof record
    stable language sql as $$
        select n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)::varchar, a.attnum::integer
        from redshift_information._attribute as a
        inner join pg_catalog.pg_class as c on a.attrelid = c.oid
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where a.late and a.attnum > 0
        order by 1, 2, 5
    $$;

-- An identity column has the default that Redshift gives it: its table's id, its number from 0, and (seed, step).
create or replace view redshift.pg_attrdef as
select
    d.oid,
    d.adrelid,
    d.adnum,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) as adbin,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) as adsrc
from pg_attrdef as d
union all
select
    s.seqrelid,
    a.attrelid,
    a.attnum,
    i.definition,
    i.definition
from pg_attribute as a
inner join pg_depend as d
    on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and d.deptype = 'i' and d.classid = 'pg_class'::regclass
inner join pg_sequence as s on d.objid = s.seqrelid
cross join lateral (
    select format(
        '"identity"(%s, %s, ''%s,%s''::text)', a.attrelid, a.attnum - 1, s.seqstart, s.seqincrement
    ) as definition
) as i
where a.attidentity <> '';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_CLASS_INFO.html; when a table was created is not known here
create or replace view redshift.pg_class_info as
select
    oid as reloid,
    relname,
    relnamespace,
    reltype,
    relowner,
    relam,
    relfilenode,
    reltablespace,
    relpages,
    reltuples,
    reltoastrelid,
    reltoastidxid,
    relhasindex,
    relisshared,
    relkind,
    relnatts,
    relexternid,
    relisreplicated,
    relispinned,
    reldiststyle,
    relprojbaseid,
    relchecks,
    reltriggers,
    relukeys,
    relfkeys,
    relrefs,
    relhasoids,
    relhaspkey,
    relhasrules,
    relhassubclass,
    relacl,
    null::timestamp as relcreationtime,
    releffectivediststyle
from redshift.pg_class;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_ATTRIBUTE_INFO.html
create or replace view redshift.pg_attribute_info as
select * from redshift.pg_attribute;

create or replace view redshift.pg_tables as
select
    n.nspname as schemaname,
    c.relname as tablename,
    pg_get_userbyid(c.relowner) as tableowner,
    null::name as tablespace,
    c.relhasindex as hasindexes,
    c.relhasrules as hasrules,
    c.relhastriggers as hastriggers
from redshift.pg_class as c
left join redshift.pg_namespace as n on c.relnamespace = n.oid
where c.relkind = 'r';

create or replace view redshift.pg_views as
select
    n.nspname as schemaname,
    c.relname as viewname,
    pg_get_userbyid(c.relowner) as viewowner,
    redshift.pg_get_viewdef(c.oid) as definition
from redshift.pg_class as c
left join redshift.pg_namespace as n on c.relnamespace = n.oid
where c.relkind = 'v';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_TABLE_DEF.html
create or replace view redshift.pg_table_def as
select
    n.nspname as schemaname,
    c.relname as tablename,
    a.attname as "column",
    pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
    redshift.format_encoding(a.attencodingtype)::varchar(32) as encoding,
    a.attisdistkey as distkey,
    a.attsortkeyord as sortkey,
    a.attnotnull as "notnull"
from redshift.pg_class as c
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
inner join redshift.pg_attribute as a on c.oid = a.attrelid
where c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped and redshift.pg_table_is_visible(c.oid);

-- https://docs.aws.amazon.com/redshift/latest/dg/PG_GET_COLS.html
create or replace function redshift.pg_get_cols(relation varchar) returns setof record
    stable language sql as $$
        select n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)::varchar, a.attnum::integer
        from redshift_information._attribute as a
        inner join pg_catalog.pg_class as c on a.attrelid = c.oid
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where c.oid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped
        order by a.attnum
    $$;
