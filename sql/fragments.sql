-- What several files share: `{delivery_order}` puts a fragment into a statement, `{delivery_order as e}` with its columns
-- qualified. See sparkify_assets/model/placeholders.py.

-- play_columns: what the row of a play is made of
user_id, session_id, item_in_session, ts,
timestamp 'epoch' + ts * interval '0.001 second' as start_time,
event_date, level, song, artist, length, location, user_agent;

-- record_columns: a record of a play, with all by which one of several is chosen; their page is the same
user_id, session_id, item_in_session, ts, event_date,
{columns of staging.events but user_id, session_id, item_in_session, ts, event_date, page};

-- delivery_order: A play that was delivered more than once: the greatest event_date wins, then the content, column by
-- column in the order written here, the greater value first and nulls last. Redshift compares text without its trailing
-- blanks, so only their number can tell equal values apart.
event_date desc,
rtrim(artist) desc nulls last,
rtrim(auth) desc nulls last,
rtrim(first_name) desc nulls last,
rtrim(gender) desc nulls last,
rtrim(last_name) desc nulls last,
length desc nulls last,
rtrim(level) desc nulls last,
rtrim(location) desc nulls last,
rtrim(method) desc nulls last,
registration desc nulls last,
rtrim(song) desc nulls last,
status desc nulls last,
rtrim(user_agent) desc nulls last,
len(level) desc nulls last,
len(location) desc nulls last,
len(user_agent) desc nulls last;

-- within_touched_times: the time that the touched plays span; first_ts and last_ts are literals
between timestamp 'epoch' + %(first_ts)s * interval '0.001 second'
and timestamp 'epoch' + %(last_ts)s * interval '0.001 second';

-- partition: what a partition is called
day -- events only
prefix -- songs only
;

-- partition_column: where staging has the partition of a row
event_date -- events only
song_prefix -- songs only
;

-- partition_key: the partition of a row of staging, as the ledger writes it
cast(event_date as varchar(16)) -- events only
song_prefix -- songs only
;

-- first_to_last: the partitions that a check is asked about, as the ledger writes them
cast(%(first)s as varchar(16)) and cast(%(last)s as varchar(16)) -- events only
%(first)s and %(last)s -- songs only
;

-- is_of_partition: whether a row of staging, or on its way there, is of one partition
event_date = cast(%(partition_key)s as date) -- events only
song_prefix = %(partition_key)s -- songs only
;

-- partition_values: several partitions, as `partition_column` holds them
%(event_dates)s -- events only
%(partition_keys)s -- songs only
;

-- must_stage: what of the records of an object or a partition has to be staged at least
each that holds records -- events only
the prefix's records -- songs only
;

-- published_alone: what is published of a partition, unless a newer version of it is blocked
l.state = 'published'
and not exists (
    select 1
    from ledger.loads as b
    where b.dataset = l.dataset and b.partition_key = l.partition_key and b.state = 'blocked'
);

-- record_names: what a person finds a record of staging again by
event_date, session_id, item_in_session, ts -- events only
song_prefix, song_id, artist_id -- songs only
;
