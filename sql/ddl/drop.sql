drop schema if exists incoming cascade;
drop schema if exists staging cascade;
drop schema if exists sparkify cascade;
drop schema if exists ledger cascade;
