-- Runs in every new session. The catalog objects come last on the search path, so they hide nothing of the user's.
-- Redshift's sessions are in UTC and use snapshot isolation (c_serial_isolation in AWS's documentation). A level that
-- was set by PGOPTIONS or in the server's configuration is kept.
select
    set_config('search_path', current_setting('search_path') || ', redshift', false),
    set_config('timezone', 'UTC', false),
    set_config('client_connection_check_interval', '2s', false),
    case
        when current_setting('default_transaction_isolation') = 'read committed'
            and (select source from pg_settings where name = 'default_transaction_isolation') = 'default'
            then set_config('default_transaction_isolation', 'repeatable read', false)
    end,
    obj_description(to_regnamespace('redshift')::oid, 'pg_namespace')
