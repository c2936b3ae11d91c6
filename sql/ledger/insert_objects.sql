insert into ledger.objects (
    {columns of ledger.objects}
)
values %(rows)s;
