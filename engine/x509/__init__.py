"""X.509: reading and checking chains, pure and without a database."""
