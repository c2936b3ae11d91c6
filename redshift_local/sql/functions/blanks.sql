-- "Trailing blanks in VARCHAR and CHAR are semantically insignificant" when strings are compared:
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html. PostgreSQL's CHAR has the comparison; here TEXT
-- and VARCHAR get it, as operators that the search path finds first, and as the default of what sorts, groups, hashes
-- and indexes them in this database.
-- Only a superuser may do that; without it, trailing blanks count, as in PostgreSQL.
do $$
    begin
        if not (select rolsuper from pg_roles where rolname = current_user) then
            return;
        end if;
        create or replace function redshift.text_eq(text, text) returns boolean
            immutable strict leakproof parallel safe language internal as 'bpchareq';
        create or replace function redshift.text_ne(text, text) returns boolean
            immutable strict leakproof parallel safe language internal as 'bpcharne';
        create or replace function redshift.text_lt(text, text) returns boolean
            immutable strict leakproof parallel safe language internal as 'bpcharlt';
        create or replace function redshift.text_le(text, text) returns boolean
            immutable strict leakproof parallel safe language internal as 'bpcharle';
        create or replace function redshift.text_gt(text, text) returns boolean
            immutable strict leakproof parallel safe language internal as 'bpchargt';
        create or replace function redshift.text_ge(text, text) returns boolean
            immutable strict leakproof parallel safe language internal as 'bpcharge';
        create or replace function redshift.text_cmp(text, text) returns integer
            immutable strict leakproof parallel safe language internal as 'bpcharcmp';
        create or replace function redshift.text_sortsupport(internal) returns void
            immutable strict parallel safe language internal as 'bpchar_sortsupport';
        create or replace function redshift.text_hash(text) returns integer
            immutable strict parallel safe language internal as 'hashbpchar';
        create or replace function redshift.text_hash_extended(text, bigint) returns bigint
            immutable strict parallel safe language internal as 'hashbpcharextended';
        create operator redshift.= (
            function = redshift.text_eq, leftarg = text, rightarg = text, commutator = operator(redshift.=),
            negator = operator(redshift.<>), restrict = eqsel, join = eqjoinsel, hashes, merges
        );
        create operator redshift.<> (
            function = redshift.text_ne, leftarg = text, rightarg = text, commutator = operator(redshift.<>),
            negator = operator(redshift.=), restrict = neqsel, join = neqjoinsel
        );
        create operator redshift.< (
            function = redshift.text_lt, leftarg = text, rightarg = text, commutator = operator(redshift.>),
            negator = operator(redshift.>=), restrict = scalarltsel, join = scalarltjoinsel
        );
        create operator redshift.<= (
            function = redshift.text_le, leftarg = text, rightarg = text, commutator = operator(redshift.>=),
            negator = operator(redshift.>), restrict = scalarlesel, join = scalarlejoinsel
        );
        create operator redshift.> (
            function = redshift.text_gt, leftarg = text, rightarg = text, commutator = operator(redshift.<),
            negator = operator(redshift.<=), restrict = scalargtsel, join = scalargtjoinsel
        );
        create operator redshift.>= (
            function = redshift.text_ge, leftarg = text, rightarg = text, commutator = operator(redshift.<=),
            negator = operator(redshift.<), restrict = scalargesel, join = scalargejoinsel
        );
        update pg_opclass set opcdefault = false
        where opcintype = 'text'::regtype and opcdefault
            and opcmethod in (select oid from pg_am where amname in ('btree', 'hash'));
        create operator class redshift.text_ops default for type text using btree as
            operator 1 redshift.<, operator 2 redshift.<=, operator 3 redshift.=, operator 4 redshift.>=,
            operator 5 redshift.>, function 1 redshift.text_cmp(text, text),
            function 2 redshift.text_sortsupport(internal);
        create operator class redshift.text_ops default for type text using hash as
            operator 1 redshift.=, function 1 redshift.text_hash(text),
            function 2 redshift.text_hash_extended(text, bigint);
    exception
        when duplicate_function or duplicate_object then null;
    end
$$;
