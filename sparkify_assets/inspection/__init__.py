"""Read-only questions about the source, the warehouse and how the two compare."""
