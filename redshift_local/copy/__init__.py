"""One COPY: its statement, the objects that it reads, their records, and the rows that they become."""
