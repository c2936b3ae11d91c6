alter table %(table)s add column %(declaration)s;
