-- Every session on Redshift: no statement runs longer than this (docs: r_statement_timeout; 0: without end).
set statement_timeout to %(statement_timeout_ms)s;
