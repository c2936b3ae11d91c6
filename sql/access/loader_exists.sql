select count(*)
from pg_user
where usename = %(loader)s;
