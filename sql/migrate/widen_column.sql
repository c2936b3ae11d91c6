-- outside any transaction, as Redshift requires (docs: r_ALTER_TABLE)
alter table %(table)s alter column %(column)s type %(type)s;
