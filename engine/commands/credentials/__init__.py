"""Tokens, sessions and identities of people and pipelines."""
