-- The time that the touched plays span. The key of a play holds its time, so no record outside can be one of them.
select min(start_time) as first_start, max(start_time) as last_start
from touched_plays;
