"""The proof of what the project promises about order, repetition, corrections, crashes and concurrency."""
