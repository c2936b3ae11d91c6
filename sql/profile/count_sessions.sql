-- where the events of a chunk stand: day of the file, day of the event (UTC), user, session, position, time
insert into chunk_sessions
select
    try_cast(parse_filename(filename, true) as date),
    cast(make_timestamp(try_cast(ts ->> '$' as bigint) * 1000) as date),
    try_cast("userId" ->> '$' as bigint),
    try_cast("sessionId" ->> '$' as bigint),
    try_cast("itemInSession" ->> '$' as bigint),
    try_cast(ts ->> '$' as bigint),
    count(*)
from read_json(
    $files, format = 'newline_delimited',
    columns = {ts: 'json', "userId": 'json', "sessionId": 'json', "itemInSession": 'json'},
    filename = true, maximum_object_size = 8388608
)
group by all;
