-- A day's records as they are written, before the day is known: COPY cannot add a column of its own.
create temp table arriving_events (
    {declarations of staging.events but event_date}
);
