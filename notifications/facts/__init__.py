"""What messages say about a release, read from the database."""
