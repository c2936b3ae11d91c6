-- What the planner knows of the tables, brought up to date
-- (https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html).
analyze ledger.objects;
analyze ledger.faulty_objects;
analyze ledger.replaced_loads;
analyze ledger.loads;
analyze ledger.warnings;
analyze staging.songs;
analyze staging.events;
analyze sparkify.songs;
analyze sparkify.artists;
analyze sparkify.users;
analyze sparkify.time;
analyze sparkify.songplays;
