-- JSON: https://docs.aws.amazon.com/redshift/latest/dg/json-functions.html
-- A string of JSON keeps its text; what is missing is an empty string.

create or replace function redshift.json_extract_path_text(value text, variadic path text[]) returns text
    immutable strict parallel safe
    return coalesce(pg_catalog.json_extract_path_text(value::json, variadic path), '');
-- The last argument: NULL instead of an error for what is no JSON
do $$
    declare
        path text := 'one text';
        given text := 'one';
        number text;
    begin
        foreach number in array '{two,three,four,five,none}'::text[] loop
            execute format(
                'create or replace function redshift.json_extract_path_text(value text, %s, null_if_invalid boolean) '
                'returns text immutable parallel safe language plpgsql as $body$ begin '
                'return case when not null_if_invalid or value is json '
                'then redshift.json_extract_path_text(value, %s) end; end $body$',
                path, given
            );
            path := path || ', ' || number || ' text';
            given := given || ', ' || number;
        end loop;
    end
$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/IS_VALID_JSON.html: an object, not an array
create or replace function redshift.is_valid_json(value text) returns boolean
    immutable parallel safe return value is json object;
create or replace function redshift.is_valid_json_array(value text) returns boolean
    immutable parallel safe return value is json array;

create or replace function redshift.json_array_length(value text, null_if_invalid boolean default false)
    returns integer
    immutable parallel safe language plpgsql as $$
    begin
        return case when not null_if_invalid or value is json array then pg_catalog.json_array_length(value::json) end;
    end $$;

create or replace function redshift.json_extract_array_element_text(
    value text, place integer, null_if_invalid boolean default false
) returns text
    immutable strict parallel safe language plpgsql as $$
    begin
        if null_if_invalid and value is not json array then
            return null;
        end if;
        perform pg_catalog.json_array_length(value::json);  -- an error for what is no array
        return coalesce(case when place >= 0 then value::json ->> place end, '');
    end $$;

-- SUPER, as far as it comes from JSON_PARSE and is not navigated: the text without blanks.
-- https://docs.aws.amazon.com/redshift/latest/dg/JSON_PARSE.html
do $$
    begin
        create domain redshift.parsed as text;
    exception
        when duplicate_object then null;
    end
$$;
create or replace function redshift.json_parse(value text) returns redshift.parsed
    immutable parallel safe
    return regexp_replace(value::json::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')::redshift.parsed;
create or replace function redshift.can_json_parse(value text) returns boolean
    immutable parallel safe return value is json;
create or replace function redshift.json_serialize(value redshift.parsed) returns text
    immutable parallel safe return value::text;
create or replace function redshift.json_typeof(value redshift.parsed) returns text
    immutable parallel safe return pg_catalog.json_typeof(value::json);
