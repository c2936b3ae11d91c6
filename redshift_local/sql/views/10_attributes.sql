-- What PostgreSQL does not keep of a table: distribution, sorting, encodings and keys, by the table's and the columns'
-- identities, so that they follow renames and rollbacks. Rows of dropped tables are never shown; they go with the next
-- version of the catalog.
create table if not exists redshift.table_attributes (
    relation oid primary key,
    diststyle smallint not null default 9, -- as in pg_class.reldiststyle: 0 EVEN, 1 KEY, 8 ALL, 9 AUTO
    distkey smallint,
    sortkey smallint[] not null default '{}',
    sort_auto boolean not null default true,
    interleaved boolean not null default false,
    encodings jsonb not null default '{}' -- by the column's number
);
create table if not exists redshift.table_keys (
    relation oid not null,
    key_name name not null,
    kind "char" not null, -- as in pg_constraint.contype: p, u, f
    columns smallint[] not null,
    referenced oid not null default 0,
    referenced_columns smallint[],
    id oid not null,
    primary key (relation, key_name)
);
create sequence if not exists redshift.key_ids minvalue 4000000000;

delete from redshift.table_attributes where relation not in (select oid from pg_class);
delete from redshift.table_keys where relation not in (select oid from pg_class);

-- The numbers of these columns. Raises undefined_column.
create or replace function redshift.column_numbers(relation oid, names jsonb) returns smallint[]
    stable language plpgsql set search_path = pg_catalog, pg_temp as
$$
    declare
        found smallint[];
        missing text;
    begin
        select array_agg(a.attnum order by n.place), min(n.name) filter (where a.attnum is null) into found, missing
        from jsonb_array_elements_text(names) with ordinality as n (name, place)
        left join pg_attribute as a
            on a.attrelid = relation and a.attname = n.name and a.attnum > 0 and not a.attisdropped;
        if missing is not null then
            raise undefined_column using message = format('column "%s" does not exist', missing);
        end if;
        return coalesce(found, '{}');
    end;
$$;

-- Keeps what a definition said (physical.py) of a table that the caller owns; other tables are known by their ids.
create or replace function redshift.keep(target regclass, said jsonb) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as
$$
    declare
        item jsonb;
        parent oid;
    begin
        if not pg_has_role(session_user, (select relowner from pg_class where oid = target), 'usage') then
            raise insufficient_privilege using message = format('must be owner of table %s', target);
        end if;
        if said ? 'unless' and (select xmin::text from pg_class where oid = target)
            is distinct from (mod(pg_current_xact_id()::text::numeric, 4294967296))::text then
            return; -- another transaction made it: CREATE TABLE IF NOT EXISTS did nothing
        end if;
        insert into redshift.table_attributes (relation) values (target) on conflict do nothing;
        if said ? 'like' then
            parent := said ->> 'parent';
            update redshift.table_attributes as t
            set diststyle = p.diststyle,
                distkey = (
                    select n.attnum from pg_attribute as o
                    inner join pg_attribute as n on o.attname = n.attname and n.attrelid = target
                    where o.attrelid = parent and o.attnum = p.distkey
                ),
                sortkey = array(
                    select n.attnum from unnest(p.sortkey) with ordinality as k (attnum, place)
                    inner join pg_attribute as o on o.attrelid = parent and o.attnum = k.attnum
                    inner join pg_attribute as n on o.attname = n.attname and n.attrelid = target
                    order by k.place
                ),
                sort_auto = p.sort_auto,
                interleaved = p.interleaved
            from redshift.table_attributes as p
            where t.relation = target and p.relation = parent;
        end if;
        if said ? 'diststyle' or said ? 'distkey' then
            update redshift.table_attributes as t
            set diststyle = case said ->> 'diststyle' when 'even' then 0 when 'all' then 8 when 'auto' then 9 else 1 end,
                distkey = (redshift.column_numbers(target, jsonb_build_array(said -> 'distkey')))[1]
            where t.relation = target and said ? 'distkey';
            update redshift.table_attributes as t
            set diststyle = case said ->> 'diststyle' when 'even' then 0 when 'all' then 8 else 9 end, distkey = null
            where t.relation = target and not said ? 'distkey';
        end if;
        if said ? 'sortkey' or said ->> 'sortstyle' = 'none' then
            update redshift.table_attributes as t
            set sortkey = redshift.column_numbers(target, coalesce(said -> 'sortkey', '[]')),
                sort_auto = false,
                interleaved = coalesce(said ->> 'sortstyle', '') = 'interleaved'
            where t.relation = target;
        elsif said ->> 'sortstyle' = 'auto' then
            update redshift.table_attributes as t set sort_auto = true where t.relation = target;
        end if;
        if said ? 'encodings' then
            update redshift.table_attributes as t
            set encodings = t.encodings || (
                select jsonb_object_agg((redshift.column_numbers(target, jsonb_build_array(e.key)))[1], e.value)
                from jsonb_each(said -> 'encodings') as e
            )
            where t.relation = target;
        end if;
        for item in select jsonb_array_elements(nullif(said -> 'keys', 'null')) loop
            perform redshift.remember_key(target, item);
        end loop;
        if said ? 'drop' then
            delete from redshift.table_keys as k
            where k.relation = target and k.key_name = said ->> 'drop';
            if not found then
                execute format('alter table %s drop constraint %I', target, said ->> 'drop');
            end if;
        end if;
    end;
$$;

-- Keeps a key. Its name without one of its own is that which PostgreSQL gives, as Redshift does.
create or replace function redshift.remember_key(target regclass, item jsonb) returns void
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
    declare
        numbers smallint[] := redshift.column_numbers(target, item -> 'columns');
        parent oid := coalesce(item ->> 'parent', '0');
        parents smallint[];
        base text;
        chosen text;
    begin
        if item ->> 'kind' = 'p' then
            if exists (select from redshift.table_keys as k where k.relation = target and k.kind = 'p') then
                raise invalid_table_definition using
                    message = format('multiple primary keys for table "%s" are not allowed', target);
            end if;
            if exists (
                select from pg_attribute as a
                where a.attrelid = target and a.attnum = any(numbers) and not a.attnotnull
            ) then
                raise invalid_table_definition using message = 'a primary key takes columns that are NOT NULL';
            end if;
        end if;
        if item ->> 'kind' = 'f' then
            if parent = 0 then
                raise undefined_table using message = format('relation "%s" does not exist', item ->> 'table');
            end if;
            parents := redshift.column_numbers(parent, item -> 'referenced');
            if parents = '{}' then
                select k.columns into parents
                from redshift.table_keys as k where k.relation = parent and k.kind = 'p';
            end if;
        end if;
        base := concat_ws('_',
            (select relname from pg_class where oid = target),
            case when item ->> 'kind' <> 'p' then (
                select string_agg(name, '_') from jsonb_array_elements_text(item -> 'columns') as c (name)
            ) end,
            case item ->> 'kind' when 'p' then 'pkey' when 'u' then 'key' else 'fkey' end
        );
        select coalesce(item ->> 'name', (
            select base || coalesce(nullif(n, 0)::text, '')
            from generate_series(0, 1000) as n
            where not exists (
                select from redshift.table_keys as k
                where k.relation = target and k.key_name = base || coalesce(nullif(n, 0)::text, '')
            )
            limit 1
        )) into chosen;
        insert into redshift.table_keys values (
            target, chosen, (item ->> 'kind')::"char", numbers, parent, parents, nextval('redshift.key_ids')
        );
    end;
$$;

-- The same with the names of other tables, which are found on the caller's search path.
create or replace function redshift.remember(target regclass, said jsonb) returns void
    language sql as
$$
    select redshift.keep(
        target,
        said || pg_catalog.jsonb_build_object(
            'parent', pg_catalog.to_regclass(said ->> 'like')::oid::bigint,
            'keys', (
                select pg_catalog.jsonb_agg(
                    k || pg_catalog.jsonb_build_object('parent', pg_catalog.to_regclass(k ->> 'table')::oid::bigint)
                )
                from pg_catalog.jsonb_array_elements(said -> 'keys') as k
            )
        )
    )
$$;
