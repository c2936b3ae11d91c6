select
    artist_id, name, location, latitude, longitude
from sparkify.artists;
