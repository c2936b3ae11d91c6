select count(*)
from pg_user
where lower(usename) = lower(%(loader)s);
