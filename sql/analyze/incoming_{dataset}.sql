-- The planner knows nothing of a table that was just filled.
analyze incoming_{dataset};
