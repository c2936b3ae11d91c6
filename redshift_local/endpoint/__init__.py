"""Redshift's wire protocol in front of the local Redshift: `server` listens, `session` runs statements."""
