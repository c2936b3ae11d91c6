-- Runs in every new session. Redshift's sessions use snapshot isolation (c_serial_isolation in AWS's documentation). A
-- level that was set by PGOPTIONS or in the server's configuration is kept.
select
    case
        when current_setting('default_transaction_isolation') = 'read committed'
            and (select source from pg_catalog.pg_settings where name = 'default_transaction_isolation') = 'default'
            then set_config('default_transaction_isolation', 'repeatable read', false)
    end,
    obj_description(to_regnamespace('redshift')::oid, 'pg_namespace')
