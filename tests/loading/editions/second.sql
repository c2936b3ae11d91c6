create schema incoming;
create schema staging;
create schema sparkify;
create schema ledger;
create table ledger.load_lock (
    holder varchar(256)
) diststyle all;

create table ledger.loads (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    state varchar(16) not null,
    objects integer not null,
    records_read bigint not null,
    rows_staged bigint not null,
    rows_quarantined bigint not null,
    staging_rules varchar(64) not null,
    star_rules varchar(64) not null,
    run_id varchar(64),
    verdict varchar(65535),
    release_reason varchar(4096),
    staged_at timestamp not null,
    published_at timestamp
) diststyle all sortkey (dataset, partition_key);

create table ledger.objects (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    object_key varchar(1024) not null,
    version_token varchar(256) not null,
    size_bytes bigint not null,
    content_hash varchar(128)
) diststyle all sortkey (dataset, partition_key);

create table ledger.faulty_objects (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    object_key varchar(1024) not null,
    fault varchar(16) not null,
    records bigint not null,
    reason varchar(1024) not null
) diststyle all sortkey (dataset, partition_key);

create table ledger.replaced_loads (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    replaced_batch_id varchar(64) not null
) diststyle all sortkey (dataset, partition_key);

create table ledger.quarantine (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    object_key varchar(1024),
    position bigint,
    column_name varchar(128),
    reason varchar(1024) not null,
    raw_record varchar(65535)
) diststyle all sortkey (dataset, partition_key);

create table ledger.warnings (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    check_name varchar(64) not null,
    violations bigint not null,
    sample varchar(8192) not null
) diststyle all sortkey (dataset, partition_key);
create table incoming.events (
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

create table incoming.songs (
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
create table staging.events (
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

create table staging.songs (
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

create table staging.song_titles (
    song_id varchar(64) not null,
    artist_id varchar(64) not null,
    title varchar(1024) not null,
    artist_name varchar(1024) not null,
    duration double precision
) diststyle all sortkey (title);

create table sparkify.songplays (
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
    event_date date not null,
    primary key (songplay_id)
) diststyle key distkey (session_id) sortkey (start_time);

create table sparkify.users (
    user_id bigint not null,
    first_name varchar(256),
    last_name varchar(256),
    gender varchar(16),
    level varchar(32),
    event_ts bigint,
    session_id bigint,
    item_in_session bigint,
    event_date date not null,
    primary key (user_id)
) diststyle all sortkey (user_id);

create table sparkify.songs (
    song_id varchar(64) not null,
    title varchar(1024),
    artist_id varchar(64) not null,
    year integer,
    duration double precision,
    primary key (song_id)
) diststyle all sortkey (song_id);

create table sparkify.artists (
    artist_id varchar(64) not null,
    name varchar(1024),
    location varchar(1024),
    latitude double precision,
    longitude double precision,
    primary key (artist_id)
) diststyle all sortkey (artist_id);

create table sparkify.time (
    start_time timestamp not null,
    hour integer not null,
    day integer not null,
    week integer not null,
    month integer not null,
    year integer not null,
    weekday varchar(9) not null,
    primary key (start_time)
) diststyle key distkey (start_time) sortkey (start_time);
