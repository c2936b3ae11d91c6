-- the one lock of the project, waited for no longer than the given time
set statement_timeout to %(lock_wait_ms)s;

lock table ledger.load_lock;

set statement_timeout to %(statement_timeout_ms)s;
