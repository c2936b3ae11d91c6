"""One load, from what is new in the source to what readers see.

In the order of a record's way: `plan` says what is new in the source; `loader` makes batches of it; `compact` puts
small songs together; `stage` copies a batch into tables of the session's own, and hands what cannot be staged to
`quarantine`; `publish` merges, audits and commits, and the `ledger` remembers it.
"""
