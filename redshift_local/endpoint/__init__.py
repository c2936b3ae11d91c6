"""Redshift's wire protocol in front of the local server."""
