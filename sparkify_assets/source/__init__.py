"""The objects of the source, and what has changed among them."""
