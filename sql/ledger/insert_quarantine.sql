insert into ledger.quarantine (
    {columns of ledger.quarantine}
)
values %(rows)s;
