select count(*)
from pg_group
where groname = 'sparkify_reader';
