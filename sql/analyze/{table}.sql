-- What a large batch changes too much for the planner to go by the old statistics (docs: r_ANALYZE).
analyze {table};
