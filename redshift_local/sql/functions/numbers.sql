-- Numbers: https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html

-- https://docs.aws.amazon.com/redshift/latest/dg/r_ROUND.html, r_TRUNC.html, r_CEILING_FLOOR.html,
-- r_SIGN.html: the type of the argument
create or replace function redshift.round(value double precision, digits integer) returns double precision
    immutable parallel safe return pg_catalog.round(value::numeric, digits)::double precision;
create or replace function redshift.trunc(value double precision, digits integer) returns double precision
    immutable parallel safe return pg_catalog.trunc(value::numeric, digits)::double precision;
do $$
    declare
        type text;
    begin
        foreach type in array '{smallint,integer,bigint}'::text[] loop
            execute format(
                'create or replace function redshift.round(value %1$s) returns %1$s '
                'immutable parallel safe return value;'
                'create or replace function redshift.ceil(value %1$s) returns %1$s '
                'immutable parallel safe return value;'
                'create or replace function redshift.ceiling(value %1$s) returns %1$s '
                'immutable parallel safe return value;'
                'create or replace function redshift.floor(value %1$s) returns %1$s '
                'immutable parallel safe return value;'
                'create or replace function redshift.sign(value %1$s) returns %1$s '
                'immutable parallel safe return pg_catalog.sign(value::double precision)::%1$s;'
                'create or replace function redshift.trunc(value %1$s) returns %1$s '
                'immutable parallel safe return value;'
                'create or replace function redshift.round(value %1$s, digits integer) returns %1$s '
                'immutable parallel safe return pg_catalog.round(value::numeric, digits)::%1$s;'
                'create or replace function redshift.trunc(value %1$s, digits integer) returns %1$s '
                'immutable parallel safe return pg_catalog.trunc(value::numeric, digits)::%1$s',
                type
            );
        end loop;
    end
$$;

-- Division of decimals: https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html. The rewriter knows
-- the scale; what is behind is cut off.
create or replace function redshift.divide(dividend numeric, divisor numeric, digits integer) returns numeric
    immutable parallel safe
    return div(dividend * power(10::numeric, digits), divisor) * pg_catalog.round(power(0.1, digits), digits);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_POWER.html, r_SQRT.html, r_EXP.html, r_LN.html, r_LOG.html: DOUBLE
-- PRECISION, of a DECIMAL too
create or replace function redshift.power(base numeric, exponent numeric) returns double precision
    immutable parallel safe return pg_catalog.power(base::double precision, exponent::double precision);
create or replace function redshift.pow(base numeric, exponent numeric) returns double precision
    immutable parallel safe return pg_catalog.power(base::double precision, exponent::double precision);
create or replace function redshift.sqrt(value numeric) returns double precision
    immutable parallel safe return pg_catalog.sqrt(value::double precision);
create or replace function redshift.exp(value numeric) returns double precision
    immutable parallel safe return pg_catalog.exp(value::double precision);
create or replace function redshift.ln(value numeric) returns double precision
    immutable parallel safe return pg_catalog.ln(value::double precision);
create or replace function redshift.log(value numeric) returns double precision
    immutable parallel safe return pg_catalog.log(value::double precision);
