"""The connection to the warehouse, on every engine, and its errors."""
