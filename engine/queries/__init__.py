"""What can be asked: read models, keyset-paginated, a constant number of statements each."""
