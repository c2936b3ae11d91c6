-- Gives back the space of deleted rows and sorts what came since, then brings up to date what the planner knows; each
-- outside of any transaction (docs: r_VACUUM_command, r_ANALYZE).
vacuum {table};

analyze {table};
