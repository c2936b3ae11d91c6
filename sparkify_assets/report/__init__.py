"""What people look at: the questions of `sql/analytics`, their charts, and the report that shows them with the profiles
of the source files on one page. Nothing here changes a row.
"""
