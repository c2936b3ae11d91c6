-- What a batch brings, in tables of the session's own: no one sees them, and with the session they are gone.
create temp table incoming_events (like incoming.events);

create temp table incoming_songs (like incoming.songs);
