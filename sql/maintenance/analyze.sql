-- What the planner knows of the tables, brought up to date
-- (https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html).
analyze ledger.faulty_objects;
analyze ledger.replaced_loads;
analyze ledger.warnings;
analyze ledger.loads;
analyze ledger.objects;
analyze ledger.quarantine;
analyze incoming.songs;
analyze incoming.events;
analyze staging.songs;
analyze staging.song_titles;
analyze sparkify.songs;
analyze sparkify.artists;
analyze sparkify.users;
analyze sparkify.time;
analyze staging.events;
analyze sparkify.songplays;
