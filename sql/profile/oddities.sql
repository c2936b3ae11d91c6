-- what is odd in a field or between records, by rule, with the first three examples
with found_values as (
    select
        v.field, v.text, v.records,
        unnest([
            -- two or three letters that are the bytes of one in UTF-8, as when it was encoded twice
            if(
                v.type = 'text'
                and regexp_matches(v.text, '[\x{C2}-\x{DF}][\x{80}-\x{BF}]|[\x{E0}-\x{EF}][\x{80}-\x{BF}]{2}'),
                'doubly encoded text', null
            ),
            if(v.type = 'text' and regexp_matches(v.text, '[\x00-\x1F\x7F]'), 'control characters', null),
            if(v.type = 'text' and v.text <> trim(v.text, ' '), 'spaces at an end', null),
            if(v.type = 'number' and c.is_text, 'a number where text is expected', null),
            if(
                v.type = 'text' and not c.is_text and v.text <> '' and try_cast(v.text as double) is null,
                'text where a number is expected', null
            ),
            if(v.type in ('object', 'list', 'boolean'), 'neither text nor number', null),
            if(c.is_text and strlen(v.text) > c.width, 'longer than its column', null)
        ]) as rule
    from field_values as v
    inner join columns as c on v.field = c.field
),

keys as (
    select user_id, session_id, item, ts, sum(records) as records
    from chunk_sessions
    where session_id is not null and item is not null
    group by user_id, session_id, item, ts
),

-- Events of nobody fill the places of a session that a user's leave, so a session is looked at whole.
gaps as (
    select session_id
    from keys
    group by session_id
    having max(item) - min(item) + 1 <> count(distinct item)
),

found as (
    select rule, field, records, text as example
    from found_values
    where rule is not null
    union all
    select 'delivered more than once', v.field, v.records - 1, v.text
    from field_values as v
    inner join columns as c on v.field = c.field
    where c.is_key and v.type <> 'null' and v.records > 1
    union all
    select 'delivered more than once', null, records - 1, concat(session_id, '-', item)
    from keys
    where records > 1
    union all
    select 'in a file of another day', null, records, concat(event_day, ' in ', file_day)
    from chunk_sessions
    where event_day <> file_day
    union all
    select 'session with a gap', null, 1, cast(session_id as varchar)
    from gaps
)

select rule, field, sum(records) as records, list(distinct example order by example)[:3] as examples
from found
group by rule, field
order by field is null, records desc, rule, field;
