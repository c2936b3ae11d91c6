"""Runs that start by themselves: what a sensor remembers, what it asks for, and what goes by the clock."""
