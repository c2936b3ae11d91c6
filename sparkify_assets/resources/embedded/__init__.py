"""The embedded warehouse: PostgreSQL 18 from a Python package that speaks the part of Redshift's SQL used here.

`server` starts it. `connection` speaks Redshift on it: `dialect` says what runs and `refused` what does not, `copy`
carries out COPY ... FORMAT JSON out of `objects`, `records` and `rows`. Nothing here knows Sparkify's tables.
"""

from __future__ import annotations

from sparkify_assets.resources.embedded.connection import connect
from sparkify_assets.resources.embedded.dialect import NotPortable, refusals
from sparkify_assets.resources.embedded.objects import CopyError
from sparkify_assets.resources.embedded.server import ServerError, ensure, stop

__all__ = ["CopyError", "NotPortable", "ServerError", "connect", "ensure", "refusals", "stop"]
