"""The embedded warehouse: PostgreSQL 18 from a Python package that speaks the part of Redshift's SQL used here.

`server` starts it, `connection` speaks Redshift on it by means of `dialect` (what runs, what is refused) and
`copy` (COPY ... FORMAT JSON). Nothing here knows Sparkify's tables.
"""

from __future__ import annotations

from sparkify_assets.resources.embedded.server import ServerError, ensure, stop

__all__ = ["ServerError", "ensure", "stop"]
