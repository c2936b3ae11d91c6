-- Analysts read the star, also the tables that come later, and write nothing (docs: r_ALTER_DEFAULT_PRIVILEGES).
grant usage on schema sparkify to group sparkify_reader;

grant select on all tables in schema sparkify to group sparkify_reader;

alter default privileges in schema sparkify grant select on tables to group sparkify_reader;

-- And what came, as the source has it: which title was played is in no table of the star, unless a song matches.
grant usage on schema staging to group sparkify_reader;

grant select on all tables in schema staging to group sparkify_reader;

alter default privileges in schema staging grant select on tables to group sparkify_reader;
