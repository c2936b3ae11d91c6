drop table %(table)s;
