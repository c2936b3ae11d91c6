-- What is published, as the source has it: the columns of the records, and the partition that they came in.
-- '' in a number is null, as COPY reads it (docs: copy-parameters-data-conversion).
-- Rows of one session lie on one slice, for the merges compare records of one play.
create table if not exists staging.events (
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
    event_date date not null
) diststyle key distkey (session_id) compound sortkey (event_date, ts);

create table if not exists staging.songs (
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
    song_prefix varchar(2) not null
) diststyle all sortkey (song_prefix);

-- The titles by which plays find a song: a song once for each name that the records of its artist give, title and name
-- without trailing blanks. merge/song_titles.sql writes it.
create table if not exists staging.song_titles (
    song_id varchar(64) not null,
    artist_id varchar(64) not null,
    title varchar(1024) not null,
    artist_name varchar(1024) not null,
    duration double precision
) diststyle all sortkey (title);
