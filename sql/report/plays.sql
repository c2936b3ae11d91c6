-- The plays that a number of the report counts, as far as they are shown, and how many there are. A parameter that is
-- null chooses all plays, and an empty title or name those of which none is known.
select
    songplay_id, start_time, user_id, song, artist, song_id, level, location,
    count(*) over () as plays
from (
    select
        p.songplay_id, p.start_time, p.user_id, p.song_id, p.level, p.location,
        nullif(rtrim(e.song), '') as song, nullif(rtrim(e.artist), '') as artist,
        row_number() over (
            partition by p.songplay_id
            order by
                {delivery_order as e}
        ) as place
    from sparkify.songplays as p
    inner join staging.events as e
        on
            {delivered}
    where
        (%(day)s is null or cast(p.start_time as date) = cast(%(day)s as date))
        and (%(hour)s is null or extract(hour from p.start_time) = %(hour)s)
        and (%(weekday)s is null or rtrim(to_char(p.start_time, 'Day')) = %(weekday)s)
        and (%(user_id)s is null or p.user_id = %(user_id)s)
        and (%(location)s is null or coalesce(rtrim(p.location), '') = %(location)s)
        and (%(level)s is null or p.level = %(level)s)
        and (%(matched)s is null or p.song_id is not null)
) as deliveries
where
    place = 1
    and (%(song)s is null or coalesce(song, '') = %(song)s)
    and (%(artist)s is null or coalesce(artist, '') = %(artist)s)
order by start_time, songplay_id
limit 50;
