insert into ledger.warnings (
    {columns of ledger.warnings}
)
values %(rows)s;
