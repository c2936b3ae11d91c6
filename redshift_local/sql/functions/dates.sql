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
create or replace function redshift.neither_added_nor_counted(part text) returns bigint
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
        else redshift.neither_added_nor_counted(part) * interval '1 day'
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
        else redshift.neither_added_nor_counted(part)
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
