"""The embedded warehouse: PostgreSQL 18 from a Python package that speaks the part of Redshift's SQL used here.

`postgres` starts the server, and `session` speaks Redshift's SQL on it: `dialect` turns a statement into what
PostgreSQL runs, `portability` refuses what Redshift lacks, and `copy` carries out COPY ... FORMAT JSON. `endpoint` puts
the wire protocol in front. Nothing here imports the rest of the repository, and nothing knows Sparkify's tables.
"""

from __future__ import annotations

from redshift_local.copy.objects import CopyError
from redshift_local.dialect import NotPortable, refusals
from redshift_local.postgres import ServerError, ensure, stop
from redshift_local.session import connect

__all__ = ["CopyError", "NotPortable", "ServerError", "connect", "ensure", "refusals", "stop"]
