-- Everybody may ask the catalog; what a user may not see is left out by the views themselves.
grant usage on schema redshift, redshift_information to public;
do $$
    declare
        made regclass;
    begin
        for made in
            select oid from pg_class
            where relnamespace::regnamespace::text in ('redshift', 'redshift_information') and relkind = 'v'
        loop
            execute format('grant select on %s to public', made);
        end loop;
    end
$$;
grant select on redshift.table_attributes, redshift.table_keys to public;
