-- rows of these days that are blocked give way to a newer version
delete from incoming.events
where event_date in %(event_dates)s;
