-- The star. Its keys are checked by sql/checks, and not declared: Redshift does not enforce a key, but plans as if it
-- held (docs: t_Defining_constraints), so that the very check that looks for duplicates might be planned away.

-- Fact: one row for each play, which is (user_id, session_id, item_in_session, start_time). Analysts read ranges of
-- time, so blocks are sorted by it; the merges join by session.
create table if not exists sparkify.songplays (
    songplay_id varchar(96) not null,
    start_time timestamp not null,
    user_id bigint not null,
    level varchar(32),
    song_id varchar(64),
    artist_id varchar(64),
    session_id bigint not null,
    item_in_session bigint not null,
    location varchar(512),
    user_agent varchar(2048),
    event_date date not null
) diststyle key distkey (session_id) sortkey (start_time);

-- One row for each user, from the latest event of the user (event_ts in milliseconds since 1970, UTC).
create table if not exists sparkify.users (
    user_id bigint not null,
    first_name varchar(256),
    last_name varchar(256),
    gender varchar(16),
    level varchar(32),
    event_ts bigint,
    session_id bigint,
    item_in_session bigint,
    event_date date not null
) diststyle all sortkey (user_id);

create table if not exists sparkify.songs (
    song_id varchar(64) not null,
    title varchar(1024),
    artist_id varchar(64) not null,
    year integer,
    duration double precision
) diststyle all sortkey (song_id);

create table if not exists sparkify.artists (
    artist_id varchar(64) not null,
    name varchar(1024),
    location varchar(1024),
    latitude double precision,
    longitude double precision
) diststyle all sortkey (artist_id);

-- One row for each start_time of songplays (UTC); week is the ISO week, of iso_year and not of year, weekday the
-- English name of the day. On every node, so that plays meet their times where they lie.
create table if not exists sparkify.time (
    start_time timestamp not null,
    hour integer not null,
    day integer not null,
    week integer not null,
    month integer not null,
    year integer not null,
    weekday varchar(9) not null,
    iso_year integer not null
) diststyle all sortkey (start_time);
