insert into ledger.faulty_objects (
    {columns of ledger.faulty_objects}
)
values %(rows)s;
