-- Aggregates: https://docs.aws.amazon.com/redshift/latest/dg/c_Aggregate_Functions.html

-- https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html: BIGINT for integers, the scale of a DECIMAL for it; what is
-- behind is cut off
create or replace function redshift.avg_of_integers(state bigint[]) returns bigint
    immutable strict parallel safe return case when state[1] > 0 then state[2] / state[1] end;
create or replace aggregate redshift.avg(smallint) (
    sfunc = int2_avg_accum, stype = bigint[], initcond = '{0,0}', finalfunc = redshift.avg_of_integers,
    combinefunc = int4_avg_combine, parallel = safe,
    msfunc = int2_avg_accum, minvfunc = int2_avg_accum_inv, mstype = bigint[], minitcond = '{0,0}',
    mfinalfunc = redshift.avg_of_integers
);
create or replace aggregate redshift.avg(integer) (
    sfunc = int4_avg_accum, stype = bigint[], initcond = '{0,0}', finalfunc = redshift.avg_of_integers,
    combinefunc = int4_avg_combine, parallel = safe,
    msfunc = int4_avg_accum, minvfunc = int4_avg_accum_inv, mstype = bigint[], minitcond = '{0,0}',
    mfinalfunc = redshift.avg_of_integers
);
create or replace function redshift.avg_add(state numeric[], value numeric) returns numeric[]
    immutable strict parallel safe return array[state[1] + 1, state[2] + value];
create or replace function redshift.avg_add(state numeric[], value bigint) returns numeric[]
    immutable strict parallel safe return array[state[1] + 1, state[2] + value];
create or replace function redshift.avg_combine(one numeric[], other numeric[]) returns numeric[]
    immutable strict parallel safe return array[one[1] + other[1], one[2] + other[2]];
-- A quotient that is exact before it is cut: DIV of numbers without a point.
create or replace function redshift.avg_of_decimals(state numeric[]) returns numeric
    immutable strict parallel safe
    return case
        when state[1] > 0
            then round(div(state[2] * power(10::numeric, scale(state[2])), state[1])
                / power(10::numeric, scale(state[2])), scale(state[2]))
    end;
create or replace function redshift.avg_of_bigints(state numeric[]) returns bigint
    immutable strict parallel safe return case when state[1] > 0 then div(state[2], state[1])::bigint end;
create or replace aggregate redshift.avg(bigint) (
    sfunc = redshift.avg_add, stype = numeric[], initcond = '{0,0}', finalfunc = redshift.avg_of_bigints,
    combinefunc = redshift.avg_combine, parallel = safe
);
create or replace aggregate redshift.avg(numeric) (
    sfunc = redshift.avg_add, stype = numeric[], initcond = '{0,0}', finalfunc = redshift.avg_of_decimals,
    combinefunc = redshift.avg_combine, parallel = safe
);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SUM.html: BIGINT for a BIGINT, DOUBLE PRECISION for a REAL
create or replace aggregate redshift.sum(bigint) (
    sfunc = int8pl, stype = bigint, combinefunc = int8pl, parallel = safe,
    msfunc = int8pl, minvfunc = int8mi, mstype = bigint
);
create or replace function redshift.sum_add(state double precision, value real) returns double precision
    immutable parallel safe
    return case when value is null then state else coalesce(state, 0) + value end;
create or replace aggregate redshift.sum(real) (
    sfunc = redshift.sum_add, stype = double precision, combinefunc = float8pl, parallel = safe
);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STDDEV_functions.html, r_VARIANCE_functions.html: DOUBLE PRECISION
do $$
    declare
        name text;
        type text;
    begin
        foreach name in array '{stddev,stddev_samp,stddev_pop,variance,var_samp,var_pop}'::text[] loop
            execute format(
                'create or replace function redshift.%1$s_of(state double precision[]) returns double precision '
                'immutable parallel safe return pg_catalog.float8_%2$s(state)',
                name, case name when 'stddev' then 'stddev_samp' when 'variance' then 'var_samp' else name end
            );
            foreach type in array '{smallint,integer,bigint,numeric}'::text[] loop
                execute format(
                    'create or replace function redshift.moment_add(state double precision[], value %s) '
                    'returns double precision[] immutable strict parallel safe '
                    'return pg_catalog.float8_accum(state, value::double precision)',
                    type
                );
                execute format(
                    'create or replace aggregate redshift.%1$s(%2$s) (sfunc = redshift.moment_add, '
                    'stype = double precision[], initcond = ''{0,0,0}'', finalfunc = redshift.%1$s_of, '
                    'combinefunc = pg_catalog.float8_combine, parallel = safe)',
                    name, type
                );
            end loop;
        end loop;
    end
$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html: the values of an array, in its order; NULL and '' are
-- ignored, and of values that are equal but for trailing blanks the first is taken
create or replace function redshift.list(given anyarray, delimiter text, is_distinct boolean) returns text
    immutable parallel safe language plpgsql as $$
    declare
        found constant text := (
            select string_agg(value, coalesce(delimiter, '') order by place)
            from (
                select value, place, row_number() over (partition by rtrim(value, ' ') order by place) as copy
                from unnest(given::text[]) with ordinality as listed (value, place)
                where value <> ''
            ) as numbered
            where copy = 1 or not is_distinct
        );
    begin
        if octet_length(found) > 65535 then
            raise program_limit_exceeded using message = 'Result size exceeds LISTAGG limit';
        end if;
        return found;
    end $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PERCENTILE_CONT.html, r_MEDIAN.html: from the two values around the
-- place; a DECIMAL for integers
create or replace function redshift.sorted(given anyarray, descending boolean) returns anyarray
    immutable strict parallel safe language plpgsql as $$
    begin
        if descending then
            return array(select value from unnest(given) as value where value is not null order by value desc);
        end if;
        return array(select value from unnest(given) as value where value is not null order by value);
    end $$;
create or replace function redshift.percentile_cont(fraction numeric, given numeric[], descending boolean)
    returns numeric
    immutable parallel safe language plpgsql as $$
    declare
        sorted constant numeric[] := redshift.sorted(given, descending);
        place constant numeric := 1 + fraction * (cardinality(sorted) - 1);
        below constant numeric := sorted[floor(place)];
        above constant numeric := sorted[ceil(place)];
        found constant numeric := below + (place - floor(place)) * (above - below);
    begin
        return round(found, greatest(scale(below), scale(above), min_scale(found), 1));
    end $$;
create or replace function redshift.percentile_cont(fraction numeric, given integer[], descending boolean)
    returns numeric
    immutable parallel safe return redshift.percentile_cont(fraction, given::numeric[], descending);
create or replace function redshift.percentile_cont(fraction numeric, given smallint[], descending boolean)
    returns numeric
    immutable parallel safe return redshift.percentile_cont(fraction, given::numeric[], descending);
create or replace function redshift.percentile_cont(fraction numeric, given bigint[], descending boolean)
    returns numeric
    immutable parallel safe return redshift.percentile_cont(fraction, given::numeric[], descending);
create or replace function redshift.percentile_cont(
    fraction numeric, given double precision[], descending boolean
) returns double precision
    immutable parallel safe language plpgsql as $$
    declare
        sorted constant double precision[] := redshift.sorted(given, descending);
        place constant double precision := 1 + fraction * (cardinality(sorted) - 1);
        below constant double precision := sorted[floor(place)];
        above constant double precision := sorted[ceil(place)];
    begin
        return below + (place - floor(place)) * (above - below);
    end $$;
create or replace function redshift.percentile_cont(fraction numeric, given real[], descending boolean)
    returns double precision
    immutable parallel safe return redshift.percentile_cont(fraction, given::double precision[], descending);
create or replace function redshift.percentile_cont(fraction numeric, given timestamp[], descending boolean)
    returns timestamp
    immutable parallel safe language plpgsql as $$
    declare
        sorted constant timestamp[] := redshift.sorted(given, descending);
        place constant double precision := 1 + fraction * (cardinality(sorted) - 1);
        below constant timestamp := sorted[floor(place)];
        above constant timestamp := sorted[ceil(place)];
    begin
        return below + (place - floor(place)) * (above - below);
    end $$;
create or replace function redshift.percentile_cont(fraction numeric, given date[], descending boolean)
    returns timestamp
    immutable parallel safe return redshift.percentile_cont(fraction, given::timestamp[], descending);
create or replace function redshift.percentile_disc(fraction numeric, given anyarray, descending boolean)
    returns anyelement
    immutable parallel safe language plpgsql as $$
    declare
        sorted given%type := redshift.sorted(given, descending);
    begin
        return sorted[greatest(1, ceil(fraction * cardinality(sorted)))];
    end $$;

-- LAG, LEAD, FIRST_VALUE, LAST_VALUE and NTH_VALUE with IGNORE NULLS, over the rows before or behind
create or replace function redshift.keep_first(state anyelement, value anyelement) returns anyelement
    immutable strict parallel safe language sql as 'select $1';
create or replace function redshift.keep_last(state anyelement, value anyelement) returns anyelement
    immutable strict parallel safe language sql as 'select $2';
create or replace aggregate redshift.first_known(anyelement) (
    sfunc = redshift.keep_first, stype = anyelement
);
create or replace aggregate redshift.last_known(anyelement) (
    sfunc = redshift.keep_last, stype = anyelement
);
create or replace function redshift.nth_known(given anyarray, place integer, from_the_end boolean) returns anyelement
    immutable parallel safe language plpgsql as $$
    declare
        known given%type := array_remove(given, null);
    begin
        return known[case when from_the_end then cardinality(known) + 1 - place else place end];
    end $$;
