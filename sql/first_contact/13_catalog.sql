-- Does the catalog tell a table's types, keys and distribution as `sparkify tables diff` reads them?
-- docs: PG_ATTRIBUTE_INFO
-- expected: a | character varying(9) | True | False | 1 | True | 0
-- expected: b | timestamp without time zone | False | True | 1 | False | 1
create temp table probed (
    a varchar(9) not null,
    b timestamp default '2018-11-01 00:00:00'
) diststyle key distkey (a) sortkey (b);

select
    a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull, a.atthasdef, c.reldiststyle, a.attisdistkey,
    a.attsortkeyord
from pg_class as c
inner join pg_attribute as a on c.oid = a.attrelid
where c.relname = 'probed' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
order by a.attnum;
