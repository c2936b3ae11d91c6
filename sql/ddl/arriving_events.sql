-- Records of events as COPY writes them: those of one day without it, for COPY cannot add it, or compacted ones of many
-- days, each with its day as text.
create temp table arriving_events (
    {declarations of staging.events but event_date},
    event_date varchar(10)
);
