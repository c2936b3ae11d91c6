-- A day's records as they are written, before the day is known: COPY cannot add a column of its own.
create temp table arriving_events (
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
    user_id bigint
);
