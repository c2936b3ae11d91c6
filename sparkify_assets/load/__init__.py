"""One load, from what is new in the source to what readers see.

In the order of a record's way: `loader` lists the source and makes batches of what is new; `compact` puts small
songs together; `stage` copies a batch into tables of the session's own, and hands what cannot be staged to
`quarantine`; `publish` merges, audits and commits, and the `ledger` remembers it.
"""

from __future__ import annotations

from sparkify_assets.load.loader import BatchesFailed, DeletionsRefused, Loader, Survey, open_loader

__all__ = ["BatchesFailed", "DeletionsRefused", "Loader", "Survey", "open_loader"]
