"""What people type, one module for each kind of command; `cli` puts them together.

Belongs here: reading arguments, showing results. Does not: anything that a Dagster run or a test would need too.
"""
