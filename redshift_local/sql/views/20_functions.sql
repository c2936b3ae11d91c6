-- Functions that describe the catalog, over what PostgreSQL keeps and 10_attributes.sql.

-- The base type and the type modifier of the types that count bytes: redshift.varchar_9 is VARCHAR(9). By format_type,
-- which sees the types that another session has just created for this one; a query of pg_type need not.
create or replace function redshift.base_type(type oid) returns oid
    stable parallel safe
    return case
        when type >= 16384 then
            case substring(pg_catalog.format_type(type, null) from '^(?:redshift\.)?(varchar|char)_\d+$')
                when 'varchar' then 1043::oid when 'char' then 1042::oid else type
            end
        when type = 25 then 1043::oid
        else type
    end;
create or replace function redshift.base_modifier(type oid, modifier integer) returns integer
    stable parallel safe
    return case
        when type >= 16384 then coalesce(
            4 + substring(pg_catalog.format_type(type, null) from '^(?:redshift\.)?(?:varchar|char)_(\d+)$')::integer,
            modifier
        )
        when type in (25, 1043) and modifier = -1 then 65539 -- as long as may be
        else modifier
    end;

create or replace function redshift.format_type(type oid, modifier integer) returns text
    stable parallel safe
    return case
        when type >= 16384 then pg_catalog.format_type(
            redshift.base_type(type),
            case when modifier is not null then redshift.base_modifier(type, modifier) end
        )
        else pg_catalog.format_type(type, modifier)
    end;

-- https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
create or replace function redshift.encoding_code(encoding text) returns smallint
    immutable strict parallel safe
    return (array_position(
        array[
            'none', 'bytedict', 'delta', 'delta32k', 'mostly8', 'mostly16', 'mostly32', 'runlength', 'text255', 'text32k',
            'lzo', 'zstd', 'az64'
        ],
        case lower(encoding) when 'raw' then 'none' else lower(encoding) end
    ) - 1)::smallint;
create or replace function redshift.format_encoding(code integer) returns text
    immutable strict parallel safe
    return (array[
        'none', 'bytedict', 'delta', 'delta32k', 'mostly8', 'mostly16', 'mostly32', 'runlength', 'text255', 'text32k',
        'lzo', 'zstd', 'az64'
    ])[code + 1];

-- https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html: what a column has without ENCODE
create or replace function redshift.default_encoding(type oid) returns smallint
    immutable parallel safe
    return redshift.encoding_code(case
        when type in (21, 23, 20, 1700, 1082, 1083, 1266, 1114, 1184) then 'az64'
        when type in (1042, 1043) then 'lzo'
        else 'none'
    end);

-- Which tables and functions a name without a schema finds: those of schema redshift hide some of pg_catalog.
create or replace function redshift.pg_table_is_visible(relation oid) returns boolean
    stable
    return pg_catalog.pg_table_is_visible(relation)
        or exists (select 1 from pg_class where oid = relation and relnamespace = 'pg_catalog'::regnamespace);
create or replace function redshift.pg_function_is_visible(routine oid) returns boolean
    stable
    return pg_catalog.pg_function_is_visible(routine)
        or exists (select 1 from pg_proc where oid = routine and pronamespace = 'pg_catalog'::regnamespace);

-- The definition of a view; that of a materialized and of a late-binding view is its whole statement, as on Redshift.
create or replace function redshift.pg_get_viewdef(relation oid) returns text
    stable
    return coalesce(
        (
            select case
                when c.relkind = 'm'
                    then format(
                        'create materialized view %I.%I as (%s);', n.nspname, c.relname,
                        rtrim(pg_catalog.pg_get_viewdef(relation), ';')
                    )
                when c.reloptions @> array['security_barrier=false']
                    then format(
                        'create view %I.%I as %s with no schema binding;', n.nspname, c.relname,
                        redshift.late_bound_query(relation)
                    )
            end
            from pg_class as c
            inner join pg_namespace as n on c.relnamespace = n.oid
            where c.oid = relation
        ),
        pg_catalog.pg_get_viewdef(relation)
    );

-- The default of a column: pg_attrdef.adbin holds it as text.
create or replace function redshift.pg_get_expr(expression text, relation oid) returns text
    immutable parallel safe
    return expression;
create or replace function redshift.pg_get_expr(expression text, relation oid, pretty boolean) returns text
    immutable parallel safe
    return expression;

-- How many keys of a kind a table has, and how many foreign keys refer to it.
create or replace function redshift.key_count(relation oid, kind "char") returns smallint
    stable
    return (select count(*) from redshift.table_keys as k where k.relation = $1 and k.kind = $2)::smallint;
create or replace function redshift.reference_count(relation oid) returns smallint
    stable
    return (select count(*) from redshift.table_keys as k where k.referenced = $1 and k.kind = 'f')::smallint;

-- The columns of a key, in order.
create or replace function redshift.column_names(relation oid, numbers smallint[]) returns text
    stable
    return (
        select string_agg(quote_ident(a.attname), ', ' order by n.place)
        from unnest(numbers) with ordinality as n (number, place)
        inner join pg_attribute as a on a.attrelid = relation and a.attnum = n.number
    );
create or replace function redshift.pg_get_constraintdef(id oid) returns text
    stable
    return coalesce(
        (
            select
                case k.kind when 'p' then 'PRIMARY KEY (' when 'u' then 'UNIQUE (' else 'FOREIGN KEY (' end
                || redshift.column_names(k.relation, k.columns) || ')'
                || case
                    when k.kind = 'f' then concat(
                        ' REFERENCES ', pg_catalog.format('%s', k.referenced::regclass),
                        '(' || redshift.column_names(k.referenced, k.referenced_columns) || ')'
                    )
                    else ''
                end
            from redshift.table_keys as k
            where k.id = pg_get_constraintdef.id
        ),
        pg_catalog.pg_get_constraintdef(id)
    );
create or replace function redshift.pg_get_constraintdef(id oid, pretty boolean) returns text
    stable
    return redshift.pg_get_constraintdef(id);
create or replace function redshift.pg_get_indexdef(id oid) returns text
    stable
    return coalesce(
        (
            select pg_catalog.format(
                'CREATE UNIQUE INDEX %I ON %I.%I USING btree (%s)',
                k.key_name, n.nspname, c.relname, redshift.column_names(k.relation, k.columns)
            )
            from redshift.table_keys as k
            inner join pg_class as c on k.relation = c.oid
            inner join pg_namespace as n on c.relnamespace = n.oid
            where k.id = pg_get_indexdef.id
        ),
        pg_catalog.pg_get_indexdef(id)
    );
create or replace function redshift.pg_get_indexdef(id oid, number integer, pretty boolean) returns text
    stable
    return case
        when number = 0 then redshift.pg_get_indexdef(id)
        else coalesce(
            (select redshift.column_names(k.relation, k.columns[number:number]) from redshift.table_keys as k where k.id = $1),
            pg_catalog.pg_get_indexdef(id, number, pretty)
        )
    end;
