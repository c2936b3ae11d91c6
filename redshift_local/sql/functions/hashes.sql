-- Hashes: https://docs.aws.amazon.com/redshift/latest/dg/hash-functions.html

-- https://docs.aws.amazon.com/redshift/latest/dg/SHA1.html; the algorithm is FIPS 180-4's
create or replace function redshift.sha1(value text) returns text
    immutable strict parallel safe language plpgsql as $$
    declare
        mask constant bigint := 4294967295;
        message constant bytea := convert_to(value, 'UTF8');
        padded constant bytea := message || '\x80'::bytea
            || decode(repeat('00', mod(119 - mod(length(message), 64), 64)), 'hex')
            || decode(lpad(to_hex(8 * length(message)::bigint), 16, '0'), 'hex');
        h bigint[] := array[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
        w bigint[];
        a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; x bigint;
    begin
        for block in 0 .. length(padded) / 64 - 1 loop
            for t in 0 .. 79 loop
                if t < 16 then
                    x := 0;
                    for byte in 0 .. 3 loop
                        x := x * 256 + get_byte(padded, 64 * block + 4 * t + byte);
                    end loop;
                    w[t] := x;
                else
                    x := w[t - 3] # w[t - 8] # w[t - 14] # w[t - 16];
                    w[t] := ((x << 1) | (x >> 31)) & mask;
                end if;
            end loop;
            a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
            for t in 0 .. 79 loop
                if t < 20 then
                    f := (b & c) | (~b & mask & d);
                    k := 1518500249;
                elsif t < 40 then
                    f := b # c # d;
                    k := 1859775393;
                elsif t < 60 then
                    f := (b & c) | (b & d) | (c & d);
                    k := 2400959708;
                else
                    f := b # c # d;
                    k := 3395469782;
                end if;
                x := ((((a << 5) | (a >> 27)) & mask) + f + e + k + w[t]) & mask;
                e := d;
                d := c;
                c := ((b << 30) | (b >> 2)) & mask;
                b := a;
                a := x;
            end loop;
            h := array[(h[1] + a) & mask, (h[2] + b) & mask, (h[3] + c) & mask, (h[4] + d) & mask, (h[5] + e) & mask];
        end loop;
        return lpad(to_hex(h[1]), 8, '0') || lpad(to_hex(h[2]), 8, '0') || lpad(to_hex(h[3]), 8, '0')
            || lpad(to_hex(h[4]), 8, '0') || lpad(to_hex(h[5]), 8, '0');
    end $$;
create or replace function redshift.sha(value text) returns text
    immutable parallel safe return redshift.sha1(value);
create or replace function redshift.func_sha1(value text) returns text
    immutable parallel safe return redshift.sha1(value);

-- https://docs.aws.amazon.com/redshift/latest/dg/SHA2.html
create or replace function redshift.sha2(value text, bits integer) returns text
    immutable parallel safe
    return case bits
        when 0 then encode(sha256(convert_to(value, 'UTF8')), 'hex')
        when 224 then encode(sha224(convert_to(value, 'UTF8')), 'hex')
        when 256 then encode(sha256(convert_to(value, 'UTF8')), 'hex')
        when 384 then encode(sha384(convert_to(value, 'UTF8')), 'hex')
        when 512 then encode(sha512(convert_to(value, 'UTF8')), 'hex')
        else left(value, 0)
    end;

-- https://docs.aws.amazon.com/redshift/latest/dg/crc32-function.html
create or replace function redshift.crc32(value text) returns text
    immutable parallel safe return lpad(to_hex(crc32c(convert_to(value, 'UTF8'))), 8, '0');

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STRTOL.html
create or replace function redshift.strtol(value text, base integer) returns bigint
    immutable strict parallel safe language plpgsql as $$
    declare
        sign constant integer := case when btrim(value) like '-%' then -1 else 1 end;
        digits text := pg_catalog.lower(ltrim(btrim(value), '+-'));
        total numeric := 0;
        digit integer;
    begin
        if base not between 2 and 36 then
            raise invalid_parameter_value using message = 'The base must be between 2 and 36.';
        end if;
        if base = 16 and digits like '0x%' then
            digits := substring(digits from 3);
        end if;
        foreach digits in array regexp_split_to_array(digits, '') loop
            digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', digits) - 1;
            if digits <> '' and digit not between 0 and base - 1 then
                raise invalid_parameter_value using
                    message = format('The input %s is not valid to be converted to base %s', value, base);
            end if;
            total := total * base + greatest(digit, 0);
        end loop;
        return sign * total;
    end $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_FNV_HASH.html: FNV-1a, of the bytes as a cluster's memory has them
create or replace function redshift.fnv(bytes bytea, seed bigint) returns bigint
    immutable strict parallel safe language plpgsql as $$
    declare
        prime constant numeric := 1099511628211;
        modulus constant numeric := 18446744073709551616;
        hash bigint := seed;
        product numeric;
    begin
        for place in 0 .. length(bytes) - 1 loop
            hash := hash # get_byte(bytes, place);
            product := mod(prime * case when hash < 0 then hash + modulus else hash end, modulus);
            hash := case when product >= modulus / 2 then product - modulus else product end;
        end loop;
        return hash;
    end $$;
create or replace function redshift.reversed(bytes bytea) returns bytea
    immutable strict parallel safe
    return decode(
        (
            select string_agg(substring(encode(bytes, 'hex') from 2 * place - 1 for 2), '' order by place desc)
            from generate_series(1, length(bytes)) as place
        ),
        'hex'
    );
create or replace function redshift.fnv_hash(value text, seed bigint default -3750763034362895579) returns bigint
    immutable parallel safe return redshift.fnv(convert_to(rtrim(value, ' '), 'UTF8'), seed);
create or replace function redshift.fnv_hash(value smallint, seed bigint default -3750763034362895579) returns bigint
    immutable parallel safe return redshift.fnv(redshift.reversed(int2send(value)), seed);
create or replace function redshift.fnv_hash(value integer, seed bigint default -3750763034362895579) returns bigint
    immutable parallel safe return redshift.fnv(redshift.reversed(int4send(value)), seed);
create or replace function redshift.fnv_hash(value bigint, seed bigint default -3750763034362895579) returns bigint
    immutable parallel safe return redshift.fnv(redshift.reversed(int8send(value)), seed);
