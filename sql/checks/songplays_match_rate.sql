-- warn: of a hundred plays of a day, at least one is matched to a song
-- Asked of some days where new songs have matched some: they may lie far apart.
select event_date as partition_key, count(*) as plays, count(song_id) as matched
from sparkify.songplays
where event_date between %(first)s and %(last)s and (%(everything)s or event_date in %(event_dates)s)
group by event_date
having count(*) >= 100 and count(song_id) * 100 < count(*)
