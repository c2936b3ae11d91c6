-- The plays that a number of the report counts, as far as they are shown, and how many there are. A parameter that is
-- null chooses all plays, and an empty title or name those of which none is known.
with {delivered_plays}

select
    p.songplay_id, p.start_time, p.user_id, p.song, p.artist, p.song_id, s.level, s.location,
    count(*) over () as plays
from delivered_plays as p
inner join sparkify.songplays as s on p.songplay_id = s.songplay_id
where
    (%(day)s is null or cast(p.start_time as date) = cast(%(day)s as date))
    and (%(hour)s is null or extract(hour from p.start_time) = %(hour)s)
    and (%(weekday)s is null or rtrim(to_char(p.start_time, 'Day')) = %(weekday)s)
    and (%(user_id)s is null or p.user_id = %(user_id)s)
    and (%(song)s is null or coalesce(p.song, '') = %(song)s)
    and (%(artist)s is null or coalesce(p.artist, '') = %(artist)s)
    and (%(location)s is null or coalesce(rtrim(s.location), '') = %(location)s)
    and (%(level)s is null or s.level = %(level)s)
    and (%(matched)s is null or p.song_id is not null)
order by p.start_time, p.songplay_id
limit 50;
