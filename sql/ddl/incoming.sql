-- Batches that did not pass their audit, kept for inspection and for `sparkify release`; and the form of every batch on
-- its way. fault says why a record cannot be staged (copy/incoming_events.sql, copy/incoming_songs.sql).
create table if not exists incoming.events (
    batch_id varchar(64) not null,
    {declarations of staging.events},
    fault varchar(128)
) diststyle key distkey (session_id) sortkey (batch_id, event_date);

create table if not exists incoming.songs (
    batch_id varchar(64) not null,
    {declarations of staging.songs},
    fault varchar(128)
) diststyle all sortkey (batch_id, song_prefix);
