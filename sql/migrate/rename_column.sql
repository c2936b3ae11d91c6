alter table %(table)s rename column %(former)s to %(column)s;
