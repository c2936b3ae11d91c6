-- Strings: https://docs.aws.amazon.com/redshift/latest/dg/String_functions_header.html

-- https://docs.aws.amazon.com/redshift/latest/dg/r_UPPER.html, r_LOWER.html, r_INITCAP.html: beyond ASCII too, one
-- character for each
create or replace function redshift.upper(value text) returns text
    immutable parallel safe return pg_catalog.upper(value collate "pg_c_utf8") collate "default";
create or replace function redshift.lower(value text) returns text
    immutable parallel safe return pg_catalog.lower(value collate "pg_c_utf8") collate "default";
create or replace function redshift.initcap(value text) returns text
    immutable parallel safe return pg_catalog.initcap(value collate "pg_c_utf8") collate "default";

-- VARCHAR(n) in a cast: the characters that fit into that many bytes (r_CAST_function, r_Character_types)
create or replace function redshift.cut_long(value text, bytes integer) returns text
    immutable strict parallel safe language plpgsql as $$
    declare
        encoded constant bytea := convert_to(value, 'UTF8');
        length integer := bytes;
    begin
        while (get_byte(encoded, length) & 192) = 128 loop  -- a byte inside a character
            length := length - 1;
        end loop;
        return convert_from(substring(encoded for length), 'UTF8');
    end $$;
create or replace function redshift.cut(value text, bytes integer) returns text
    immutable parallel safe
    return case when octet_length(value) <= bytes then value else redshift.cut_long(value, bytes) end;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_OCTET_LENGTH.html: without the trailing blanks of a CHAR
create or replace function redshift.octet_length(value character) returns integer
    immutable parallel safe return pg_catalog.octet_length(value::text);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_CONCAT.html
create or replace function redshift.concat(first text, second text) returns text
    immutable parallel safe return first || second;
create or replace function redshift.add(first text, second text) returns text
    immutable parallel safe return first || second;
do $$
    begin
        create operator redshift.+ (function = redshift.add, leftarg = text, rightarg = text);
    exception
        when duplicate_function then null;
    end
$$;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_CHARINDEX.html
create or replace function redshift.charindex(part text, value text) returns integer
    immutable parallel safe return strpos(value, part);
-- https://docs.aws.amazon.com/redshift/latest/dg/OCTETINDEX.html: the place in bytes
create or replace function redshift.octetindex(part text, value text) returns integer
    immutable parallel safe
    return case
        when strpos(value, part) > 0 then pg_catalog.octet_length(left(value, strpos(value, part) - 1)) + 1
        else strpos(value, part)
    end;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_REPLICATE.html
create or replace function redshift.replicate(value text, times integer) returns text
    immutable parallel safe return repeat(value, times);
-- https://docs.aws.amazon.com/redshift/latest/dg/SPLIT_PART.html
create or replace function redshift.not_positive(part integer) returns text
    immutable parallel safe language plpgsql as $$
    begin
        raise invalid_parameter_value using message = 'Must be an integer greater than 0';
    end $$;
create or replace function redshift.split_part(value text, delimiter text, part integer) returns text
    immutable parallel safe
    return case
        when part > 0 then pg_catalog.split_part(value, delimiter, part)
        when part is not null then redshift.not_positive(part)
    end;

-- https://docs.aws.amazon.com/redshift/latest/dg/SOUNDEX.html, DIFFERENCE.html
create or replace function redshift.soundex(value text) returns text
    immutable strict parallel safe language plpgsql as $$
    declare
        letters constant text := pg_catalog.upper(pg_catalog.regexp_replace(value, '[^A-Za-z]', '', 'g'));
        codes constant text := translate(letters, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '01230120022455012623010202');
        found text := left(letters, 1);
        last text := left(codes, 1);
        code text;
    begin
        for place in 2 .. char_length(letters) loop
            code := substring(codes from place for 1);
            if code <> '0' and code <> last then
                found := found || code;
            end if;
            if substring(letters from place for 1) not in ('H', 'W') then
                last := code;
            end if;
        end loop;
        return case when found = '' then '' else rpad(left(found, 4), 4, '0') end;
    end $$;
create or replace function redshift.difference(first text, second text) returns integer
    immutable strict parallel safe language plpgsql as $$
    declare
        one constant text := redshift.soundex(first);
        other constant text := redshift.soundex(second);
    begin
        if one = '' or other = '' then
            return (one = other)::integer;
        end if;
        return (
            select count(*) from generate_series(1, 4) as place
            where substring(one from place for 1) = substring(other from place for 1)
        );
    end $$;

-- Regular expressions. The parameters: 'c', 'i', 'e' (the first subexpression), 'p' (PCRE; PostgreSQL's own expressions
-- have its lookahead). A position below 1 is 1.
create or replace function redshift.flags(parameters text) returns text
    immutable parallel safe return translate(parameters, 'ep', '');
create or replace function redshift.subexpression(pattern text, parameters text) returns integer
    immutable parallel safe
    return case when parameters like '%e%' and pattern ~ '(^|[^\\])\((?!\?)' then 1 else 0 end;

-- https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_SUBSTR.html: '' without a match
create or replace function redshift.regexp_substr(
    value text, pattern text, start integer, occurrence integer, parameters text
) returns text
    immutable parallel safe
    return case
        when occurrence < 1 or value is null or pattern is null then null
        else coalesce(
            pg_catalog.regexp_substr(
                value, pattern, greatest(start, 1), occurrence, redshift.flags(parameters),
                redshift.subexpression(pattern, parameters)
            ),
            ''
        )
    end;
create or replace function redshift.regexp_substr(value text, pattern text) returns text
    immutable parallel safe return redshift.regexp_substr(value, pattern, 1, 1, '');
create or replace function redshift.regexp_substr(value text, pattern text, start integer) returns text
    immutable parallel safe return redshift.regexp_substr(value, pattern, start, 1, '');
create or replace function redshift.regexp_substr(value text, pattern text, start integer, occurrence integer)
    returns text
    immutable parallel safe return redshift.regexp_substr(value, pattern, start, occurrence, '');

-- https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_COUNT.html
create or replace function redshift.regexp_count(
    value text, pattern text, start integer, parameters text
) returns integer
    immutable parallel safe
    return pg_catalog.regexp_count(value, pattern, greatest(start, 1), redshift.flags(parameters));
create or replace function redshift.regexp_count(value text, pattern text, start integer) returns integer
    immutable parallel safe return redshift.regexp_count(value, pattern, start, '');
create or replace function redshift.regexp_count(value text, pattern text) returns integer
    immutable parallel safe return redshift.regexp_count(value, pattern, 1, '');

-- https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_INSTR.html
create or replace function redshift.regexp_instr(
    value text, pattern text, start integer, occurrence integer, option integer, parameters text
) returns integer
    immutable parallel safe
    return case
        when occurrence < 1 then 0
        else pg_catalog.regexp_instr(
            value, pattern, greatest(start, 1), occurrence, (option <> 0)::integer, redshift.flags(parameters),
            redshift.subexpression(pattern, parameters)
        )
    end;
create or replace function redshift.regexp_instr(value text, pattern text) returns integer
    immutable parallel safe return redshift.regexp_instr(value, pattern, 1, 1, 0, '');
create or replace function redshift.regexp_instr(value text, pattern text, start integer) returns integer
    immutable parallel safe return redshift.regexp_instr(value, pattern, start, 1, 0, '');
create or replace function redshift.regexp_instr(value text, pattern text, start integer, occurrence integer)
    returns integer
    immutable parallel safe return redshift.regexp_instr(value, pattern, start, occurrence, 0, '');
create or replace function redshift.regexp_instr(
    value text, pattern text, start integer, occurrence integer, option integer
) returns integer
    immutable parallel safe return redshift.regexp_instr(value, pattern, start, occurrence, option, '');

-- https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_REPLACE.html: every match; the fourth argument is a position
create or replace function redshift.regexp_replace(
    value text, pattern text, replacement text, start integer, parameters text
) returns text
    immutable parallel safe
    return pg_catalog.regexp_replace(
        value, pattern, replacement, greatest(start, 1), 0, redshift.flags(parameters)
    );
create or replace function redshift.regexp_replace(value text, pattern text) returns text
    immutable parallel safe return redshift.regexp_replace(value, pattern, '', 1, '');
create or replace function redshift.regexp_replace(value text, pattern text, replacement text) returns text
    immutable parallel safe return redshift.regexp_replace(value, pattern, replacement, 1, '');
create or replace function redshift.regexp_replace(value text, pattern text, replacement text, start integer)
    returns text
    immutable parallel safe return redshift.regexp_replace(value, pattern, replacement, start, '');
create or replace function redshift.regexp_replace(value text, pattern text, replacement text, start text)
    returns text
    immutable parallel safe return redshift.regexp_replace(value, pattern, replacement, start::integer, '');

-- Dates, times and numbers where a string is expected: "Non-character data types are treated like a string" (r_SUBSTRING)
do $$
    declare
        type text;
    begin
        foreach type in array '{date,timestamp,timestamptz,integer,bigint,numeric}'::text[] loop
            execute format(
                'create or replace function redshift.substring(value %1$s, start integer, length integer) returns text '
                'stable parallel safe return pg_catalog.substring(value::text, start, length);'
                'create or replace function redshift.substring(value %1$s, start integer) returns text '
                'stable parallel safe return pg_catalog.substring(value::text, start);'
                'create or replace function redshift.split_part(value %1$s, delimiter text, part integer) returns text '
                'stable parallel safe return redshift.split_part(value::text, delimiter, part);'
                'create or replace function redshift.is_like(value %1$s, pattern text) returns boolean '
                'stable parallel safe return value::text like pattern;'
                'create or replace function redshift.is_not_like(value %1$s, pattern text) returns boolean '
                'stable parallel safe return value::text not like pattern;',
                type
            );
            begin
                execute format(
                    'create operator redshift.~~ (function = redshift.is_like, leftarg = %1$s, rightarg = text);'
                    'create operator redshift.!~~ (function = redshift.is_not_like, leftarg = %1$s, rightarg = text)',
                    type
                );
            exception
                when duplicate_function then null;
            end;
        end loop;
    end
$$;

-- A number compared with a string is converted to one, but a DECIMAL converts the string:
-- https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
do $$
    declare
        type text;
        sign text;
        name text;
        common text;
    begin
        foreach type in array '{smallint,integer,bigint,numeric}'::text[] loop
            common := case type when 'numeric' then 'numeric' else 'text' end;
            foreach sign in array '{=,<>,<,<=,>,>=}'::text[] loop
                name := case sign
                    when '=' then 'eq' when '<>' then 'ne' when '<' then 'lt' when '<=' then 'le' when '>' then 'gt'
                    else 'ge'
                end;
                execute format(
                    'create or replace function redshift.%1$s(first %2$s, second text) returns boolean '
                    'immutable parallel safe return first::%3$s %4$s second::%3$s;'
                    'create or replace function redshift.%1$s(first text, second %2$s) returns boolean '
                    'immutable parallel safe return first::%3$s %4$s second::%3$s',
                    name, type, common, sign
                );
                begin
                    execute format(
                        'create operator redshift.%1$s (function = redshift.%2$s, leftarg = %3$s, rightarg = text);'
                        'create operator redshift.%1$s (function = redshift.%2$s, leftarg = text, rightarg = %3$s)',
                        sign, name, type
                    );
                exception
                    when duplicate_function then null;
                end;
            end loop;
        end loop;
    end
$$;
