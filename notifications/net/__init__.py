"""Connections to addresses that users name, kept off private networks."""
