-- The user of `sparkify serve --read-write`: changes rows of every table, but owns none and makes nothing in the
-- schemas that loads search, so that nothing of the editor's runs in a load.
grant usage on schema incoming, staging, sparkify, ledger to editor;

grant select, insert, update, delete, truncate
on all tables in schema incoming, staging, sparkify, ledger to editor;
