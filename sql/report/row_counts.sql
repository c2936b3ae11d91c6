select
    (select count(*) from staging.events) as staging_events,
    (select count(*) from staging.songs) as staging_songs,
    (select count(*) from sparkify.songplays) as songplays,
    (select count(*) from sparkify.users) as users,
    (select count(*) from sparkify.songs) as songs,
    (select count(*) from sparkify.artists) as artists,
    (select count(*) from sparkify.time) as time_rows,
    (select count(*) from ledger.quarantine) as quarantined;
