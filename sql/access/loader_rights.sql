-- Once for a database, by its administrator: the loader makes its schemas and tables itself, and so owns them.
grant create, temporary on database %(database)s to %(loader)s;
