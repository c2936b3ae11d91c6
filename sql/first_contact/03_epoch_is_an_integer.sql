-- Does extract(epoch from a date) times 1000 overflow, as an integer does?
-- docs: r_EXTRACT_function
-- expected error: overflow|out of range
create temp table days (day date);

insert into days values ('2018-11-01');

select extract(epoch from day) * 1000 as milliseconds
from days;
