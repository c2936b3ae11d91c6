"""One load, from what is new in the source to what readers see.

In the order of a record's way: `plan` says what is new in the source; `loader` makes batches of it, and `ahead` has the
next one staged while one is published; `compact` puts songs and small days together; `stage` copies a batch into tables
of the session's own, and hands what cannot be staged to `quarantine`; `publish` merges, asks the checks (`audit`) and
commits, and the `ledger` remembers it. `results` is the data that they pass on.
"""
