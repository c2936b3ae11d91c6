"""Everything of Dagster's: assets with their checks and metadata; sensors, schedules and alerts; the instance.

`load_assets`, `source_assets`, `profile_assets` and `report_assets` are the assets. Nothing below this package imports
Dagster.
"""
