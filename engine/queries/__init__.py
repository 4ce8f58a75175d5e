"""The read models: keyset-paginated queries, each with a constant number of statements."""
