-- Does datediff count seconds beyond the year 2038?
-- docs: r_DATEDIFF_function
-- expected: 1609459200
create temp table span (first_moment timestamp, last_moment timestamp);

insert into span values ('1999-01-01', '2050-01-01');

select datediff(second, first_moment, last_moment) as seconds
from span;
