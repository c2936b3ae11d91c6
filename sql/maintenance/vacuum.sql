-- Gives back the space of deleted rows and sorts what came since; each outside of any transaction
-- (https://docs.aws.amazon.com/redshift/latest/dg/r_VACUUM_command.html). The largest tables come last.
vacuum ledger.faulty_objects;
vacuum ledger.replaced_loads;
vacuum ledger.warnings;
vacuum ledger.batches;
vacuum ledger.loads;
vacuum ledger.objects;
vacuum ledger.quarantine;
vacuum incoming.songs;
vacuum incoming.events;
vacuum staging.songs;
vacuum staging.song_titles;
vacuum sparkify.songs;
vacuum sparkify.artists;
vacuum sparkify.users;
vacuum sparkify.time;
vacuum staging.events;
vacuum sparkify.songplays;
