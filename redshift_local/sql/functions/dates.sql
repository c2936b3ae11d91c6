-- Dates and times: https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
-- The rewriter calls these with the date part as a string; it is a constant nearly always, so that a call is planned
-- as the one branch that it needs. None is strict, because a strict function with branches is not inlined.

-- https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html: all spellings of a part
create or replace function redshift.part(spelling text) returns text
    immutable parallel safe language plpgsql as $$
    begin
        case lower(spelling)
            when 'millennium', 'millennia', 'mil', 'mils' then return 'millennium';
            when 'century', 'centuries', 'c', 'cent', 'cents' then return 'century';
            when 'decade', 'decades', 'dec', 'decs' then return 'decade';
            when 'year', 'years', 'y', 'yr', 'yrs' then return 'year';
            when 'quarter', 'quarters', 'qtr', 'qtrs' then return 'quarter';
            when 'month', 'months', 'mon', 'mons' then return 'month';
            when 'week', 'weeks', 'w' then return 'week';
            when 'dayofweek', 'dow', 'dw', 'weekday' then return 'dow';
            when 'dayofyear', 'doy', 'dy', 'yearday' then return 'doy';
            when 'day', 'days', 'd' then return 'day';
            when 'hour', 'hours', 'h', 'hr', 'hrs' then return 'hour';
            when 'minute', 'minutes', 'm', 'min', 'mins' then return 'minute';
            when 'second', 'seconds', 's', 'sec', 'secs' then return 'second';
            when 'millisecond', 'milliseconds', 'ms', 'msec', 'msecs', 'msecond', 'mseconds', 'millisec', 'millisecs',
                'millisecon' then return 'millisecond';
            when 'microsecond', 'microseconds', 'us', 'usec', 'usecs', 'usecond', 'useconds', 'microsec', 'microsecs'
                then return 'microsecond';
            when 'epoch', 'timezone', 'timezone_hour', 'timezone_minute' then return lower(spelling);
            else raise invalid_parameter_value using message = format('date part "%s" is not known', spelling);
        end case;
    end $$;

-- A part that only EXTRACT and DATE_PART take.
create or replace function redshift.not_a_unit(part text) returns text
    immutable parallel safe language plpgsql as $$
    begin
        raise invalid_parameter_value using message = format('date part "%s" can be neither added nor counted', part);
    end $$;

-- What converts implicitly to a timestamp. A string literal is a timestamp, never one with a time zone.
create or replace function redshift.instant(value date) returns timestamp
    immutable parallel safe return value::timestamp;
create or replace function redshift.instant(value timestamp) returns timestamp
    immutable parallel safe return value;
create or replace function redshift.instant(value timestamptz) returns timestamp
    stable parallel safe return value::timestamp;
create or replace function redshift.instant(value text) returns timestamp
    stable parallel safe return value::timestamp;

create or replace function redshift.sysdate() returns timestamp
    stable parallel safe return transaction_timestamp()::timestamp;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_EXTRACT_function.html: the part only, as an integer, but
-- DOUBLE PRECISION from a TIMESTAMPTZ
create or replace function redshift.extract(part text, value timestamp) returns integer
    immutable parallel safe
    return case redshift.part(part)
        when 'decade' then floor(pg_catalog.extract('year', value) / 10)::integer + 1
        when 'second' then trunc(pg_catalog.extract('second', value))::integer
        when 'millisecond' then pg_catalog.extract('microsecond', value)::integer % 1000000 / 1000
        when 'microsecond' then pg_catalog.extract('microsecond', value)::integer % 1000000
        else trunc(pg_catalog.extract(redshift.part(part), value))::integer
    end;
create or replace function redshift.extract(part text, value date) returns integer
    immutable parallel safe return redshift.extract(part, value::timestamp);
create or replace function redshift.extract(part text, value text) returns integer
    stable parallel safe return redshift.extract(part, value::timestamp);
create or replace function redshift.extract(part text, value timestamptz) returns double precision
    stable parallel safe
    return case
        when redshift.part(part) like 'timezone%' then pg_catalog.extract(redshift.part(part), value)::integer
        else redshift.extract(part, value::timestamp)
    end;
create or replace function redshift.extract(part text, value interval) returns integer
    immutable parallel safe
    return case redshift.part(part)
        when 'millisecond' then pg_catalog.extract('microsecond', value)::integer % 1000000 / 1000
        when 'microsecond' then pg_catalog.extract('microsecond', value)::integer % 1000000
        else trunc(pg_catalog.extract(redshift.part(part), value))::integer
    end;
create or replace function redshift.extract(part text, value time) returns integer
    immutable parallel safe return redshift.extract(part, value::interval);
create or replace function redshift.extract(part text, value timetz) returns integer
    immutable parallel safe
    return case
        when redshift.part(part) like 'timezone%' then pg_catalog.extract(redshift.part(part), value)::integer
        else redshift.extract(part, value::time)
    end;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATE_PART_function.html: DOUBLE, seconds with their fraction
create or replace function redshift.date_part(part text, value timestamp) returns double precision
    immutable parallel safe
    return case redshift.part(part)
        when 'second' then pg_catalog.date_part('second', value)
        when 'epoch' then pg_catalog.date_part('epoch', value)
        else redshift.extract(part, value)
    end;
create or replace function redshift.date_part(part text, value date) returns double precision
    immutable parallel safe return redshift.date_part(part, value::timestamp);
create or replace function redshift.date_part(part text, value text) returns double precision
    stable parallel safe return redshift.date_part(part, value::timestamp);
create or replace function redshift.date_part(part text, value timestamptz) returns double precision
    stable parallel safe
    return case
        when redshift.part(part) like 'timezone%' then pg_catalog.extract(redshift.part(part), value)::integer
        else redshift.date_part(part, value::timestamp)
    end;
create or replace function redshift.date_part(part text, value interval) returns double precision
    immutable parallel safe
    return case redshift.part(part)
        when 'second' then pg_catalog.date_part('second', value)
        when 'epoch' then pg_catalog.date_part('epoch', value)
        else redshift.extract(part, value)
    end;
create or replace function redshift.date_part(part text, value time) returns double precision
    immutable parallel safe return redshift.date_part(part, value::interval);
create or replace function redshift.date_part(part text, value timetz) returns double precision
    immutable parallel safe
    return case
        when redshift.part(part) like 'timezone%' then pg_catalog.extract(redshift.part(part), value)::integer
        else redshift.date_part(part, value::time::interval)
    end;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATE_PART_YEAR.html
create or replace function redshift.date_part_year(value date) returns integer
    immutable parallel safe return redshift.extract('year', value::timestamp);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATE_TRUNC.html: always a TIMESTAMP
create or replace function redshift.date_trunc(part text, value timestamp) returns timestamp
    immutable parallel safe return pg_catalog.date_trunc(redshift.part(part), value);
create or replace function redshift.date_trunc(part text, value date) returns timestamp
    immutable parallel safe return pg_catalog.date_trunc(redshift.part(part), value::timestamp);
create or replace function redshift.date_trunc(part text, value text) returns timestamp
    stable parallel safe return pg_catalog.date_trunc(redshift.part(part), value::timestamp);
create or replace function redshift.date_trunc(part text, value timestamptz) returns timestamptz
    stable parallel safe return pg_catalog.date_trunc(redshift.part(part), value);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html, which calls itself DATE_ADD
create or replace function redshift.as_interval(part text, number bigint) returns interval
    immutable parallel safe
    return number * case redshift.part(part)
        when 'millennium' then interval '1000 years'
        when 'century' then interval '100 years'
        when 'decade' then interval '10 years'
        when 'year' then interval '1 year'
        when 'quarter' then interval '3 months'
        when 'month' then interval '1 month'
        when 'week' then interval '7 days'
        when 'day' then interval '1 day'
        when 'hour' then interval '1 hour'
        when 'minute' then interval '1 minute'
        when 'second' then interval '1 second'
        when 'millisecond' then interval '1 millisecond'
        when 'microsecond' then interval '1 microsecond'
        else redshift.not_a_unit(part)::interval
    end;
create or replace function redshift.date_add(part text, number bigint, value timestamp) returns timestamp
    immutable parallel safe
    return case
        when redshift.part(part) in ('year', 'decade', 'century', 'millennium')
            and pg_catalog.date_part('day', value) = 29
            and pg_catalog.date_part('day', value + redshift.as_interval(part, number)) = 28
            then value + redshift.as_interval(part, number) + interval '1 day'  -- February 29 becomes March 1
        else value + redshift.as_interval(part, number)
    end;
create or replace function redshift.date_add(part text, number bigint, value date) returns timestamp
    immutable parallel safe return redshift.date_add(part, number, value::timestamp);
create or replace function redshift.date_add(part text, number bigint, value text) returns timestamp
    stable parallel safe return redshift.date_add(part, number, value::timestamp);
create or replace function redshift.date_add(part text, number bigint, value timestamptz) returns timestamptz
    stable parallel safe return redshift.date_add(part, number, value::timestamp)::timestamptz;
create or replace function redshift.date_add(part text, number bigint, value time) returns time
    immutable parallel safe return value + redshift.as_interval(part, number);
create or replace function redshift.date_add(part text, number bigint, value timetz) returns timetz
    immutable parallel safe return (value at time zone 'UTC') + redshift.as_interval(part, number);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATEDIFF_function.html: the number of boundaries that are crossed
create or replace function redshift.date_diff(part text, first timestamp, second timestamp) returns bigint
    immutable parallel safe
    return case redshift.part(part)
        when 'millennium' then pg_catalog.extract('millennium', second) - pg_catalog.extract('millennium', first)
        when 'century' then pg_catalog.extract('century', second) - pg_catalog.extract('century', first)
        when 'decade' then pg_catalog.extract('decade', second) - pg_catalog.extract('decade', first)
        when 'year' then pg_catalog.extract('year', second) - pg_catalog.extract('year', first)
        when 'quarter' then
            4 * (pg_catalog.extract('year', second) - pg_catalog.extract('year', first))
            + pg_catalog.extract('quarter', second) - pg_catalog.extract('quarter', first)
        when 'month' then
            12 * (pg_catalog.extract('year', second) - pg_catalog.extract('year', first))
            + pg_catalog.extract('month', second) - pg_catalog.extract('month', first)
        when 'week' then
            (date_trunc('week', second)::date - date_trunc('week', first)::date) / 7
        when 'day' then second::date - first::date
        when 'hour' then
            pg_catalog.extract('epoch', date_trunc('hour', second) - date_trunc('hour', first)) / 3600
        when 'minute' then
            pg_catalog.extract('epoch', date_trunc('minute', second) - date_trunc('minute', first)) / 60
        when 'second' then
            pg_catalog.extract('epoch', date_trunc('second', second) - date_trunc('second', first))
        when 'millisecond' then
            1000 * pg_catalog.extract(
                'epoch', date_trunc('milliseconds', second) - date_trunc('milliseconds', first)
            )
        when 'microsecond' then 1000000 * pg_catalog.extract('epoch', second - first)
        else redshift.not_a_unit(part)::bigint
    end::bigint;
do $$
    declare
        types constant text[] := '{date,timestamp,timestamptz,text}';
        first text;
        second text;
    begin
        foreach first in array types loop
            foreach second in array types loop
                continue when first = 'timestamp' and second = 'timestamp';
                execute format(
                    'create or replace function redshift.date_diff(part text, first %s, second %s) returns bigint '
                    'stable parallel safe '
                    'return redshift.date_diff(part, redshift.instant(first), redshift.instant(second))',
                    first, second
                );
            end loop;
        end loop;
    end
$$;
create or replace function redshift.date_diff(part text, first time, second time) returns bigint
    immutable parallel safe return redshift.date_diff(part, timestamp 'epoch' + first, timestamp 'epoch' + second);
create or replace function redshift.date_diff(part text, first timetz, second timetz) returns bigint
    immutable parallel safe
    return redshift.date_diff(part, (first at time zone 'UTC')::time, (second at time zone 'UTC')::time);

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
