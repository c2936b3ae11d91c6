-- Batches that did not pass their audit, kept for inspection and for `sparkify release`; and the form of every batch on
-- its way. fault says why a record cannot be staged (copy/incoming_events.sql, copy/incoming_songs.sql).
create table if not exists incoming.events (
    batch_id varchar(64) not null,
    artist varchar(1024),
    auth varchar(64),
    first_name varchar(256),
    gender varchar(16),
    item_in_session bigint,
    last_name varchar(256),
    length double precision,
    level varchar(32),
    location varchar(512),
    method varchar(16),
    page varchar(64),
    registration double precision,
    session_id bigint,
    song varchar(1024),
    status integer,
    ts bigint,
    user_agent varchar(2048),
    user_id bigint,
    event_date date not null,
    fault varchar(128)
) diststyle key distkey (session_id) sortkey (batch_id, event_date);

create table if not exists incoming.songs (
    batch_id varchar(64) not null,
    num_songs integer,
    artist_id varchar(64),
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location varchar(1024),
    artist_name varchar(1024),
    song_id varchar(64),
    title varchar(1024),
    duration double precision,
    year integer,
    song_prefix varchar(2) not null,
    fault varchar(128)
) diststyle all sortkey (batch_id, song_prefix);
