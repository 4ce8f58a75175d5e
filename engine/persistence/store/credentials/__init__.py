"""Rows of credentials: what the commands on tokens, sessions and identities read and write."""
