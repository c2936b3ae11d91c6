"""Runs that start by themselves: sensors over what lands, schedules, alerts, and what is late."""
