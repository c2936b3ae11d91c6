-- Months, time zones, comparing and reading dates; `dates.sql` has the parts of dates, and counting and adding them.

-- https://docs.aws.amazon.com/redshift/latest/dg/r_LAST_DAY.html
create or replace function redshift.last_day(value timestamp) returns date
    immutable parallel safe return (date_trunc('month', value) + interval '1 month - 1 day')::date;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_ADD_MONTHS.html: the last day of a month stays the last day
create or replace function redshift.add_months(value timestamp, number bigint) returns timestamp
    immutable parallel safe
    return case
        when value::date = redshift.last_day(value)
            then redshift.last_day(date_trunc('month', value) + number * interval '1 month') + value::time
        else value + number * interval '1 month'
    end;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_NEXT_DAY.html
create or replace function redshift.next_day(value timestamp, day text) returns date
    immutable parallel safe language plpgsql as $$
    declare
        place constant integer := case
            when lower(day) in ('su', 'sun', 'sunday') then 7
            when lower(day) in ('m', 'mo', 'mon', 'monday') then 1
            when lower(day) in ('tu', 'tue', 'tues', 'tuesday') then 2
            when lower(day) in ('w', 'we', 'wed', 'wednesday') then 3
            when lower(day) in ('th', 'thu', 'thurs', 'thursday') then 4
            when lower(day) in ('f', 'fr', 'fri', 'friday') then 5
            when lower(day) in ('sa', 'sat', 'saturday') then 6
        end;
    begin
        if place is null and day is not null then
            raise invalid_parameter_value using message = format('"%s" is not a day of the week', day);
        end if;
        return value::date + 1 + mod(place + 6 - extract(isodow from value)::integer, 7);
    end $$;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNC_date.html
create or replace function redshift.trunc(value timestamp) returns date
    immutable parallel safe return value::date;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_MONTHS_BETWEEN_function.html: a month has 31 days
create or replace function redshift.months_between(first timestamp, second timestamp) returns double precision
    immutable parallel safe
    return redshift.date_diff('month', second, first) + case
        when pg_catalog.date_part('day', first) = pg_catalog.date_part('day', second)
            or first::date = redshift.last_day(first) and second::date = redshift.last_day(second) then 0
        else (
            pg_catalog.date_part('day', first) - pg_catalog.date_part('day', second)
            + pg_catalog.date_part('epoch', first::time - second::time) / 86400
        ) / 31
    end;

-- https://docs.aws.amazon.com/redshift/latest/dg/CONVERT_TIMEZONE.html: an offset after a name is one to the west of
-- Greenwich, and replaces the name's
create or replace function redshift.zone(name text) returns text
    immutable parallel safe
    return coalesce(substring(name from '^.+([-+]\d{1,2}(?::\d\d)?)$'), name);
create or replace function redshift.convert_timezone(source text, target text, value timestamp) returns timestamp
    stable parallel safe
    return value at time zone redshift.zone(source) at time zone redshift.zone(target);

-- The same functions for what converts implicitly to a timestamp.
do $$
    declare
        type text;
        other text;
    begin
        foreach type in array '{date,timestamptz,text}'::text[] loop
            execute format(
                'create or replace function redshift.last_day(value %1$s) returns date '
                'stable parallel safe return redshift.last_day(redshift.instant(value));'
                'create or replace function redshift.add_months(value %1$s, number bigint) returns timestamp '
                'stable parallel safe return redshift.add_months(redshift.instant(value), number);'
                'create or replace function redshift.next_day(value %1$s, day text) returns date '
                'stable parallel safe return redshift.next_day(redshift.instant(value), day);'
                'create or replace function redshift.convert_timezone(source text, target text, value %1$s) '
                'returns timestamp stable parallel safe '
                'return redshift.convert_timezone(source, target, redshift.instant(value))',
                type
            );
            continue when type = 'text';
            execute format(
                'create or replace function redshift.trunc(value %1$s) returns date '
                'stable parallel safe return redshift.instant(value)::date',
                type
            );
        end loop;
        foreach type in array '{date,timestamp,timestamptz,text}'::text[] loop
            execute format(
                'create or replace function redshift.convert_timezone(target text, value %1$s) returns timestamp '
                'stable parallel safe return redshift.convert_timezone(''UTC'', target, redshift.instant(value))',
                type
            );
            foreach other in array '{date,timestamp,timestamptz,text}'::text[] loop
                continue when type = 'timestamp' and other = 'timestamp';
                execute format(
                    'create or replace function redshift.months_between(first %s, second %s) '
                    'returns double precision stable parallel safe '
                    'return redshift.months_between(redshift.instant(first), redshift.instant(second))',
                    type, other
                );
            end loop;
        end loop;
    end
$$;

-- DATE_CMP, DATE_CMP_TIMESTAMP, TIMESTAMP_CMP, ... : -1, 0 or 1
do $$
    declare
        one text;
        other text;
    begin
        foreach one in array '{date,timestamp,timestamptz,interval}'::text[] loop
            foreach other in array '{date,timestamp,timestamptz,interval}'::text[] loop
                continue when (one = 'interval') <> (other = 'interval');
                execute format(
                    'create or replace function redshift.%s(first %s, second %s) returns integer stable parallel safe '
                    'return (first > second)::integer - (first < second)::integer',
                    one || '_cmp' || case when one <> other then '_' || other else '' end, one, other
                );
            end loop;
        end loop;
    end
$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_TO_DATE_function.html and r_TO_TIMESTAMP.html: unless they are
-- strict, a field beyond its range overflows into the next
create or replace function redshift.overflowing(value text, format text) returns timestamp
    immutable parallel safe language plpgsql as $$
    declare
        field text[];
        rest text := value;
        digits text;
        year integer := 1;
        passed interval := '0';
    begin
        for field in
            select regexp_matches(upper(format), '(YYYY|MM|DD|HH24|HH|MI|SS|MS|US|MONTH|MON)|(\W)|(.)', 'g')
        loop
            if field[2] is not null then
                rest := regexp_replace(rest, '^\W', '');
                continue;
            end if;
            digits := substring(rest from case field[1] when 'YYYY' then '^\d{1,4}' else '^\d{1,2}' end);
            if field[3] is not null or field[1] in ('MON', 'MONTH', 'MS', 'US') or digits is null then
                return null;  -- a field that has no overflow, or is not known here
            end if;
            rest := substring(rest from char_length(digits) + 1);
            if field[1] = 'YYYY' then
                year := digits;
            else
                passed := passed + case field[1]
                    when 'MM' then (digits::integer - 1) * interval '1 month'
                    when 'DD' then (digits::integer - 1) * interval '1 day'
                    when 'MI' then digits::integer * interval '1 minute'
                    when 'SS' then digits::integer * interval '1 second'
                    else digits::integer * interval '1 hour'
                end;
            end if;
        end loop;
        return make_timestamp(year, 1, 1, 0, 0, 0) + passed;
    end $$;
create or replace function redshift.to_date(value text, format text, is_strict boolean default false) returns date
    stable parallel safe language plpgsql as $$
    declare
        overflown timestamp;
    begin
        return pg_catalog.to_date(value, format);
    exception
        when datetime_field_overflow then
            overflown := redshift.overflowing(value, format);
            if is_strict or overflown is null then
                raise;
            end if;
            return overflown;
    end $$;
create or replace function redshift.to_timestamp(value text, format text, is_strict boolean default false)
    returns timestamptz
    stable parallel safe language plpgsql as $$
    declare
        overflown timestamp;
    begin
        if value = '' then
            return timestamp '0001-01-01';
        end if;
        return pg_catalog.to_timestamp(value, format);
    exception
        when datetime_field_overflow then
            overflown := redshift.overflowing(value, format);
            if is_strict or overflown is null then
                raise;
            end if;
            return overflown;
    end $$;
create or replace function redshift.to_timestamp(value timestamp, format text, is_strict boolean default false)
    returns timestamptz
    stable parallel safe return redshift.to_timestamp(value::text, format, is_strict);
