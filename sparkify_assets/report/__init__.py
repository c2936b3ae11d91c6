"""What people look at: the questions of `sql/analytics` with their `charts`, the `profile` of the source files, and the
`report` that shows both on one page. They read the warehouse and the source; nothing here changes a row.
"""
